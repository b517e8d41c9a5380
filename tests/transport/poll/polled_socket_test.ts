import { assert, assertEquals } from "@std/assert";
import { ConnChannel } from "../../../lib/transport/tcp/conn_channel.ts";
import { tcpTransport } from "../../../lib/transport/tcp/tcp.ts";
import type {
  PollableChannel,
  SocketPoll,
  Transport,
} from "../../../lib/transport/channel/transport.ts";
import { unixTransport } from "../../../lib/transport/unix/unix.ts";
import { Acceptor, dialOptions, turns } from "../../support/channels/acceptor.ts";
import { FFI, FILES, NET } from "../../support/permitted.ts";

/** Longer than the part of a hello that a socket is known by. */
const HELLO_BYTES = 200;

interface Ends {
  readonly dialled: PollableChannel;
  readonly accepted: PollableChannel;
}

async function connect(transport: Transport, acceptor: Acceptor): Promise<Ends> {
  const dialled = await transport.dial(acceptor.address, dialOptions()) as PollableChannel;
  return { dialled, accepted: await acceptor.next() as PollableChannel };
}

function randomBytes(count: number): Uint8Array<ArrayBuffer> {
  return crypto.getRandomValues(new Uint8Array(count));
}

async function readAll(channel: PollableChannel, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length;) at += (await channel.read(bytes.subarray(at)))!;
  return bytes;
}

async function writeAll(channel: PollableChannel, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await channel.write(bytes.subarray(at));
}

/** Each end says its hello and hears the other's, as the two sides of a handshake do. */
async function greet({ dialled, accepted }: Ends): Promise<void> {
  dialled.prepareSocket!();
  accepted.prepareSocket!();
  const hellos = [randomBytes(HELLO_BYTES), randomBytes(HELLO_BYTES)] as const;
  const heard = [readAll(dialled, HELLO_BYTES), readAll(accepted, HELLO_BYTES)];
  await writeAll(dialled, hellos[1]);
  await writeAll(accepted, hellos[0]);
  assertEquals(await Promise.all(heard), [...hellos]);
}

/** What one end sends in either way, the other one's socket gets. */
async function assertSameSocket(
  channel: PollableChannel,
  socket: SocketPoll,
  other: PollableChannel,
) {
  assertEquals(socket.isReady, true);
  const there = randomBytes(32), back = randomBytes(32);
  assertEquals(socket.send(there), 32);
  assertEquals(await readAll(other, 32), there);
  await writeAll(other, back);
  const got = new Uint8Array(64);
  assertEquals(socket.hasBytes(), true);
  assertEquals(socket.receive(got), 32);
  assertEquals(got.subarray(0, 32), back);
  assertEquals(socket.hasBytes(), false);
  assertEquals(socket.receive(got), -1);
  assert(channel.socket!() === socket, "it is the same one each time");
}

Deno.test(
  { name: "polled socket: found over TCP at both ends", ignore: !FFI || !NET },
  async () => {
    for (const host of ["127.0.0.1", "[::1]"]) {
      const acceptor = await Acceptor.on(tcpTransport(), `tcp://${host}:0`);
      const pairs: Ends[] = [];
      for (let i = 0; i < 5; i++) pairs.push(await connect(tcpTransport(), acceptor));
      const all = pairs.flatMap(({ dialled, accepted }) => [dialled, accepted]);
      for (const { dialled, accepted } of pairs) {
        await assertSameSocket(dialled, dialled.socket!()!, accepted);
        await assertSameSocket(accepted, accepted.socket!()!, dialled);
      }
      for (const channel of all) channel.close();
      await acceptor.end();
    }
  },
);

Deno.test({
  name: "polled socket: found among many clients of one Unix socket",
  ignore: !FFI || !NET || !FILES,
}, async () => {
  const folder = await Deno.makeTempDir({ prefix: "internode-" });
  const acceptor = await Acceptor.on(unixTransport(), `unix://${folder}/many.sock`);
  const pairs: Ends[] = [];
  for (let i = 0; i < 20; i++) pairs.push(await connect(unixTransport(), acceptor));
  await Promise.all(pairs.map(greet));
  for (const { dialled, accepted } of pairs) {
    const [here, there] = [dialled.socket!(), accepted.socket!()];
    assert(here !== null && there !== null, "both are found");
    await assertSameSocket(dialled, here, accepted);
    await assertSameSocket(accepted, there, dialled);
  }
  for (const { dialled, accepted } of pairs) {
    dialled.close();
    accepted.close();
  }
  await acceptor.end();
  await Deno.remove(folder, { recursive: true });
});

Deno.test({
  name: "polled socket: none where two clients of a Unix socket show the same bytes",
  ignore: !FFI || !NET || !FILES,
}, async () => {
  const folder = await Deno.makeTempDir({ prefix: "internode-" });
  const acceptor = await Acceptor.on(unixTransport(), `unix://${folder}/same.sock`);
  const one = await connect(unixTransport(), acceptor);
  const two = await connect(unixTransport(), acceptor);
  const hello = randomBytes(HELLO_BYTES);
  one.accepted.prepareSocket!();
  await writeAll(one.dialled, hello);
  // Without its first byte, as the other one's is taken by the first read.
  await writeAll(two.dialled, hello.slice(1));
  assertEquals(await readAll(one.accepted, HELLO_BYTES), hello);
  assertEquals(one.accepted.socket!(), null);
  assertEquals(two.accepted.socket!(), null, "nothing was prepared");
  for (const { dialled, accepted } of [one, two]) {
    dialled.close();
    accepted.close();
  }
  await acceptor.end();
  await Deno.remove(folder, { recursive: true });
});

Deno.test({
  name: "polled socket: an unproven peer's other connection is not used once it has closed",
  ignore: !FFI || !NET || !FILES,
}, async () => {
  const folder = await Deno.makeTempDir({ prefix: "internode-" });
  const acceptor = await Acceptor.on(unixTransport(), `unix://${folder}/reused.sock`);
  const mine = await connect(unixTransport(), acceptor);
  const bait = await connect(unixTransport(), acceptor);
  const hello = randomBytes(HELLO_BYTES);
  mine.accepted.prepareSocket!();
  // Of the hello only one byte comes at first, while another connection shows the rest.
  await writeAll(bait.dialled, hello.slice(1));
  await writeAll(mine.dialled, hello.slice(0, 1));
  assertEquals(await mine.accepted.read(new Uint8Array(HELLO_BYTES)), 1);
  const heard = readAll(mine.accepted, HELLO_BYTES - 1);
  await writeAll(mine.dialled, hello.slice(1));
  assertEquals(await heard, hello.slice(1));
  const socket = mine.accepted.socket!();
  // The stranger has had its own connection taken for the other one, and closes it.
  assertEquals(socket?.isReady, true);
  bait.accepted.close();
  bait.dialled.close();
  await turns(20);
  const victims: Ends[] = [];
  for (let i = 0; i < 4; i++) victims.push(await connect(unixTransport(), acceptor));
  assertEquals(socket!.isReady, false);
  for (const { dialled, accepted } of [mine, ...victims]) {
    dialled.close();
    accepted.close();
  }
  await acceptor.end();
  await Deno.remove(folder, { recursive: true });
});

Deno.test({
  name: "polled socket: a closed connection is never asked again, whoever has its number",
  ignore: !FFI || !NET,
}, async () => {
  const acceptor = await Acceptor.on(tcpTransport(), "tcp://127.0.0.1:0");
  const closed: SocketPoll[] = [];
  for (let i = 0; i < 3; i++) {
    const { dialled, accepted } = await connect(tcpTransport(), acceptor);
    closed.push(dialled.socket!()!, accepted.socket!()!);
    for (const channel of [dialled, accepted]) {
      channel.close();
      assertEquals(channel.socket!(), null);
    }
  }
  await turns(20);
  const { dialled, accepted } = await connect(tcpTransport(), acceptor);
  const bytes = randomBytes(10), into = new Uint8Array(10);
  await writeAll(dialled, bytes);
  await writeAll(accepted, bytes);
  for (const socket of closed) {
    assertEquals([socket.isReady, socket.receive(into), socket.send(into)], [false, -1, 0]);
  }
  assertEquals([await readAll(dialled, 10), await readAll(accepted, 10)], [bytes, bytes]);
  dialled.close();
  accepted.close();
  await acceptor.end();
});

Deno.test({ name: "polled socket: the end shows as 0 bytes", ignore: !FFI || !NET }, async () => {
  const acceptor = await Acceptor.on(tcpTransport(), "tcp://127.0.0.1:0");
  const { dialled, accepted } = await connect(tcpTransport(), acceptor);
  const socket = dialled.socket!()!, into = new Uint8Array(10);
  assertEquals(socket.receive(into), -1);
  accepted.close();
  let count = -1;
  for (let i = 0; i < 2_000 && count < 0; i++) {
    await turns(1);
    count = socket.receive(into);
  }
  assertEquals(count, 0);
  assertEquals(await dialled.read(into), null, "the runtime tells of it all the same");
  dialled.close();
  await acceptor.end();
});

Deno.test({ name: "polled socket: none under TLS", ignore: !FFI || !NET }, async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  const [dialled, accepted] = await Promise.all([
    Deno.connect({ hostname: "127.0.0.1", port }),
    listener.accept(),
  ]);
  const sealed = new ConnChannel(dialled, "there", true);
  assertEquals(sealed.socket(), null);
  sealed.close();
  accepted.close();
  listener.close();
});
