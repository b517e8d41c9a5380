import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { FramedChannel } from "../../../lib/transport/websocket/framed_channel.ts";
import type { ByteChannel } from "../../../lib/transport/channel/transport.ts";
import { OPCODE, readClosePayload } from "../../../lib/transport/websocket/web_socket_frames.ts";
import { MAX_BATCH_BYTES } from "../../../lib/wire/limits.ts";
import { turns } from "../../support/channels/acceptor.ts";
import { bytesOf, end, Pair } from "./framed_pair.ts";
import { NET } from "../../support/permitted.ts";
import { clientFrames, type RawFrame, serverFrame } from "./raw_web_socket.ts";

const { binary, close, continuation, ping, pong } = OPCODE;

const test = (name: string, fn: () => Promise<void>): void =>
  Deno.test({ name: `framed: ${name}`, ignore: !NET, fn });

test("a message leaves in one piece, so that no part of it waits for an acknowledgement", async () => {
  const pair = (await Pair.make()).start();
  const buffer = new Uint8Array(65_536);
  for (let i = 0; i < 50; i++) {
    pair.channel.send(bytesOf(2000, i));
    const count = await pair.conn.read(buffer);
    assertEquals(count, 2008, "it came in pieces");
    assertEquals(clientFrames(buffer.subarray(0, 2008)), [
      { opcode: binary, payload: bytesOf(2000, i) },
    ]);
  }
  await end(pair);
});

/** A channel whose writes end when the test says. */
class HeldConn implements ByteChannel {
  readonly kind = "bytes";
  readonly remote = "ws://nowhere:1";
  readonly integrity = false;
  readonly writes: Uint8Array[] = [];
  readonly writing: (() => void)[] = [];
  readonly reading = Promise.withResolvers<number | null>();

  write(bytes: Uint8Array): Promise<number> {
    this.writes.push(bytes.slice());
    return new Promise((resolve) => this.writing.push(() => resolve(bytes.length)));
  }

  read(): Promise<number | null> {
    return this.reading.promise;
  }

  close(): void {}
}

test("what is flushed is written at once, together; the rest follows", async () => {
  const conn = new HeldConn();
  const channel = new FramedChannel(conn, conn.remote, { role: "server" });
  channel.flush();
  assertEquals(conn.writes.length, 0, "there was nothing");
  for (const length of [10, 20]) channel.send(bytesOf(length));
  channel.flush();
  assertEquals(conn.writes.map(({ length }) => length), [10 + 20 + 4]);
  channel.send(bytesOf(30));
  channel.flush();
  await turns(1);
  assertEquals(conn.writes.length, 1, "one at a time");
  conn.writing[0]!();
  await turns(1);
  assertEquals(conn.writes.map(({ length }) => length), [34, 32]);
  conn.writing[1]!();
  await turns(1);
  assertEquals(conn.writes.length, 2, "the microtask of a write that was flushed writes nothing");
  const ended = new Promise<string>((onClose) =>
    channel.start({ onMessage() {}, onDrain() {}, onClose })
  );
  conn.reading.resolve(null);
  assertEquals(await ended, "lost without a close frame");
});

test("what is sent in one turn, or during a write, leaves in one write; keys differ", async () => {
  const conn = new HeldConn(), { writes, writing, reading } = conn;
  const channel = new FramedChannel(conn, conn.remote, { role: "client" });
  const send = (from: number, count: number): void => {
    for (let i = 0; i < count; i++) channel.send(bytesOf(100, from + i));
  };
  send(0, 20);
  assertEquals(writes.length, 0);
  await Promise.resolve();
  send(20, 5);
  await turns(1);
  send(25, 5);
  assertEquals(writes.length, 1);
  writing[0]!();
  await turns(1);
  assertEquals(writes.length, 2);
  const frames = writes.map((bytes) => clientFrames(bytes).map(({ payload }) => payload[0]));
  assertEquals(frames, [[...Array(20).keys()], [...Array(10).keys()].map((i) => 20 + i)]);
  const keys = Array.from(
    { length: 20 },
    (_, i) => writes[0]!.slice(i * 106 + 2, i * 106 + 6).join(),
  );
  assertEquals(new Set(keys).size, 20);
  const ended = new Promise<string>((onClose) =>
    channel.start({ onMessage() {}, onDrain() {}, onClose })
  );
  reading.resolve(null);
  assertEquals(await ended, "lost without a close frame");
});

test("fragments become one message, and pings between them are answered", async () => {
  const pair = (await Pair.make()).start();
  await pair.say(
    serverFrame(binary, bytesOf(10), { final: false }),
    serverFrame(ping, bytesOf(125)),
    serverFrame(continuation, bytesOf(70_000, 2), { final: false }),
    serverFrame(pong, bytesOf(3)),
    serverFrame(continuation, bytesOf(1, 3)),
    serverFrame(ping, bytesOf(0)),
    serverFrame(binary, bytesOf(5)),
  );
  const pongs: RawFrame[] = [];
  while (pongs.length < 2) pongs.push(...await pair.hear(pong));
  assertEquals(pongs.map(({ opcode }) => opcode), [pong, pong]);
  assertEquals(pongs.map(({ payload }) => payload), [bytesOf(125), bytesOf(0)]);
  while (pair.messages.length < 2) await turns(1);
  assertEquals(pair.messages[0], Uint8Array.of(...bytesOf(10), ...bytesOf(70_000, 2), 3));
  assertEquals(pair.messages[1], bytesOf(5));
  assertEquals(await end(pair), "lost without a close frame");
});

test("a host that sends pings without end and never reads is cut off", async () => {
  const pair = (await Pair.make()).start();
  const pings = new Uint8Array(127 * 512);
  for (let at = 0; at < pings.length; at += 127) pings.set(serverFrame(ping, bytesOf(125)), at);
  let isOver = false;
  pair.ended.then(() => isOver = true);
  let said = 0;
  for (; said < 64 * 1024 * 1024 && !isOver; said += pings.length) {
    try {
      await pair.say(pings);
    } catch {
      // It was closed with bytes that nobody wanted.
      break;
    }
  }
  assertStringIncludes(await pair.ended, "too many pings and pongs");
  pair.conn.close();
});

test("a host that announces too much, or breaks a rule, is told so and left", async () => {
  for (
    const [frame, code, words] of [
      [
        Uint8Array.of(0x82, 127, 0, 0, 1, 0, 0, 0, 0, 0),
        1009,
        `more than ${MAX_BATCH_BYTES} bytes`,
      ],
      [Uint8Array.of(0x82, 127, ...Array(8).fill(255)), 1002, "more than 63 bits"],
      [Uint8Array.of(0x81, 1, 0x41), 1003, "not binary"],
      [Uint8Array.of(0xf2, 1, 0x41), 1002, "reserved bits"],
      [Uint8Array.of(0x82, 0x81, 1, 2, 3, 4, 5), 1002, "a masked frame"],
    ] as const
  ) {
    const pair = (await Pair.make()).start();
    await pair.say(serverFrame(binary, bytesOf(3)), frame as Uint8Array<ArrayBuffer>);
    const [goodbye] = await pair.hear(close);
    const { code: heard, reason } = readClosePayload(goodbye!.payload);
    assertEquals(heard, code);
    assertStringIncludes(reason, words);
    // Whatever it still says is not understood any more.
    await pair.say(serverFrame(binary, bytesOf(100_000)), serverFrame(close, new Uint8Array(0)));
    pair.channel.send(bytesOf(10));
    assertStringIncludes(await end(pair), words);
    assertEquals(pair.messages, [bytesOf(3)]);
  }
});

test("a host that breaks a rule and stays is left in time", async () => {
  const pair = (await Pair.make(1)).start();
  await pair.say(Uint8Array.of(0xff, 0xff));
  assertEquals(await pair.ended, "the other side sent a frame with reserved bits");
  pair.conn.close();
});

test("a close of the host is answered with its code, after what was sent", async () => {
  for (const payload of [Uint8Array.of(0x03, 0xe9, 0x62, 0x79, 0x65), new Uint8Array(0)]) {
    const pair = (await Pair.make()).start();
    pair.channel.send(bytesOf(4));
    await pair.say(serverFrame(binary, bytesOf(3)), serverFrame(close, payload));
    const frames = await pair.hear(close);
    assertEquals(frames.map(({ opcode }) => opcode), [binary, close]);
    assertEquals(frames[1]!.payload, payload.slice(0, 2));
    const code = payload.length > 0 ? "1001: bye" : "1005";
    assertEquals(await pair.ended, `closed by the other side (code ${code})`);
    assertEquals(pair.messages, [bytesOf(3)]);
    assertEquals(await pair.conn.read(new Uint8Array(1)), null);
    pair.conn.close();
  }
});

test("a close of this side follows what was sent, and ends with the answer", async () => {
  const pair = (await Pair.make()).start();
  for (let i = 0; i < 3; i++) pair.channel.send(bytesOf(300_000, i));
  assert(pair.channel.congested);
  pair.channel.close();
  pair.channel.send(bytesOf(1));
  const frames = await pair.hear(close);
  assertEquals(frames.map(({ payload }) => payload.length), [300_000, 300_000, 300_000, 2]);
  // What still comes is nobody's any more.
  await pair.say(serverFrame(binary, bytesOf(3)), serverFrame(close, frames[3]!.payload));
  // Not only when its time is up.
  const soon = turns(2000).then(() => "still open");
  assertEquals(await Promise.race([pair.ended, soon]), "closed by this side");
  await soon;
  assertEquals([pair.messages, pair.drains], [[], 0]);
  assertEquals(await pair.conn.read(new Uint8Array(1)), null);
  pair.conn.close();
});

test("both sides may close at once", async () => {
  const pair = (await Pair.make()).start();
  pair.channel.close();
  await pair.say(serverFrame(close, Uint8Array.of(3, 232)));
  assertEquals(await pair.ended, "closed by this side");
  assertEquals((await pair.hear(close)).length, 1);
  pair.conn.close();
});

test("a close before the start, by either side, is told at the start", async () => {
  const mine = await Pair.make();
  mine.channel.close();
  await mine.hear(close);
  await mine.say(serverFrame(close, Uint8Array.of(3, 232)));
  assertEquals(await mine.conn.read(new Uint8Array(1)), null);
  mine.conn.close();
  assertEquals(await mine.start().ended, "closed by this side");

  const theirs = await Pair.make();
  await theirs.say(serverFrame(binary, bytesOf(2)), serverFrame(close, Uint8Array.of(3, 232)));
  theirs.start();
  assertStringIncludes(await theirs.ended, "code 1000");
  assertEquals(theirs.messages, [bytesOf(2)]);
  theirs.conn.close();
});

test("a host that never answers a close does not keep the channel from its end", async () => {
  const pair = (await Pair.make(1)).start();
  pair.channel.close();
  assertEquals(
    await pair.ended,
    "closed by this side; the other side did not answer in time",
  );
  pair.conn.close();
});

test("a host that closes and does not read does not keep the channel from its end", async () => {
  const pair = (await Pair.make(1)).start();
  while (!pair.channel.congested) {
    pair.channel.send(bytesOf(100_000));
    await turns(20);
  }
  await pair.say(serverFrame(close, Uint8Array.of(3, 233)));
  assertEquals(await pair.ended, "closed by the other side (code 1001)");
  assertEquals(pair.drains, 0);
  pair.conn.close();
});

test("a host that goes while it is written to ends the channel", async () => {
  const pair = (await Pair.make()).start();
  for (let i = 0; i < 40; i++) pair.channel.send(bytesOf(100_000));
  await turns(2);
  assertStringIncludes(await end(pair), "lost");
  pair.channel.send(bytesOf(1));
  pair.channel.close();
});
