import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { InternodeError } from "../../../lib/errors.ts";
import { networkAddress } from "../../../lib/runtime/host_address.ts";
import type { MessageChannel } from "../../../lib/transport/channel/transport.ts";
import { webSocketTransport } from "../../../lib/transport/websocket/web_socket.ts";
import { WebSocketChannel } from "../../../lib/transport/websocket/web_socket_channel.ts";
import { upgradeWebSocket } from "../../../lib/transport/websocket/web_socket_upgrade.ts";
import { certificates } from "../../support/certificates/certificates.ts";
import { Acceptor, dialOptions, turns } from "../../support/channels/acceptor.ts";
import { closeBoth, gather, testTransport } from "../../support/channels/channel_conformance.ts";
import { pipeOf } from "../../support/channels/channel_pipe.ts";
import { FILES, NET, RUNTIME } from "../../support/permitted.ts";
import { openingOf, SilentWebSocketHost } from "./raw_web_socket.ts";

testTransport({
  name: "ws",
  permitted: NET,
  transport: webSocketTransport,
  freshAddress: () => "ws://127.0.0.1:0",
  acceptedRemote: "ws://127.0.0.1:",
});

testTransport({
  name: "wss",
  permitted: NET && FILES,
  transport: () => webSocketTransport(certificates()),
  freshAddress: () => "wss://127.0.0.1:0",
  acceptedRemote: "wss://127.0.0.1:",
});

const test = (name: string, fn: () => Promise<void>, ignore = false): void =>
  Deno.test({ name: `ws: ${name}`, ignore: !NET || ignore, fn });

test("the token is judged before the upgrade, and a refusal tells why", async () => {
  const transport = webSocketTransport();
  const acceptor = await Acceptor.on(
    transport,
    "ws://127.0.0.1:0",
    (token) => token === "right" ? null : `token ${token} is not right`,
  );
  for (
    const [token, reason] of [["wrong", "token wrong is not right"], [undefined, "token null"]]
  ) {
    const error = await assertRejects(
      () => transport.dial(acceptor.address, dialOptions({ token })),
      InternodeError,
      reason,
    );
    assertEquals([error.code, error.host], ["Unauthenticated", acceptor.address.href]);
    assertStringIncludes(error.message, "401");
  }
  const near = pipeOf(await transport.dial(acceptor.address, dialOptions({ token: "right" })));
  await closeBoth(near, pipeOf(await acceptor.next()));
  await acceptor.end();
});

test("another path is not found", async () => {
  const transport = webSocketTransport();
  const acceptor = await Acceptor.on(transport, "ws://127.0.0.1:0");
  const error = await assertRejects(
    () => transport.dial(acceptor.address, dialOptions({ path: "/elsewhere" })),
    InternodeError,
    "/elsewhere",
  );
  assertEquals(error.code, "PermissionDenied");
  assertStringIncludes(error.message, "404");
  await assertRejects(
    () => transport.dial(acceptor.address, dialOptions({ path: "internode" })),
    InternodeError,
    'must begin with "/"',
  );
  await acceptor.end();
});

test("a plain request is told that this is for WebSocket", async () => {
  const acceptor = await Acceptor.on(webSocketTransport(), "ws://127.0.0.1:0");
  const response = await fetch(`http://127.0.0.1:${acceptor.address.port}/internode`);
  assertEquals(response.status, 426);
  assertStringIncludes(await response.text(), "WebSocket");
  await acceptor.end();
});

test("clients that talk nonsense do not stop the listener", async () => {
  const transport = webSocketTransport();
  const acceptor = await Acceptor.on(transport, "ws://127.0.0.1:0");
  const { hostname, port } = acceptor.address;
  const say = async (bytes: Uint8Array<ArrayBuffer>): Promise<Deno.Conn> => {
    const conn = await Deno.connect({ hostname, port });
    await conn.write(bytes);
    return conn;
  };
  const garbage = await say(new Uint8Array(1000).fill(0xff));
  const half = await say(new TextEncoder().encode("GET /internode HTTP/1.1\r\nHo"));
  for (let i = 0; i < 20; i++) (await say(openingOf("/internode"))).close();
  const framing = await say(openingOf("/internode"));
  await framing.read(new Uint8Array(1024));
  await framing.write(new Uint8Array(100).fill(0xff));
  const broken: string[] = [];
  // Those that left at once may or may not have been upgraded.
  const near = pipeOf(await transport.dial(acceptor.address, dialOptions()));
  await near.send(new Uint8Array([9]));
  for (;;) {
    const far = pipeOf(await acceptor.next());
    const first = await far.receive();
    if (first !== null) {
      await closeBoth(near, far);
      break;
    }
    broken.push(await far.ended);
  }
  assert(broken.some((reason) => reason.includes("reserved bits")), broken.join());
  for (const conn of [garbage, framing]) conn.close();
  // The half request is still open, and must not hold up the end.
  await acceptor.end();
  half.close();
});

test("a message that is not binary ends the connection with a reason", async () => {
  const acceptor = await Acceptor.on(webSocketTransport(), "ws://127.0.0.1:0");
  const socket = new WebSocket(`ws://127.0.0.1:${acceptor.address.port}/internode`);
  const closed = new Promise<CloseEvent>((resolve) => socket.onclose = resolve);
  socket.onopen = () => socket.send("hello");
  const far = pipeOf(await acceptor.next());
  assertEquals(await far.receive(), null);
  assertStringIncludes(await far.ended, "not binary");
  const { code, reason } = await closed;
  assertEquals([code, reason], [1003, "a message that is not binary"]);
  await acceptor.end();

  const { promise: conn, host } = SilentWebSocketHost.start();
  const near = pipeOf(await webSocketTransport().dial(host.address, dialOptions()));
  await (await conn).write(new Uint8Array([0x81, 1, 0x41]));
  const answer = new Uint8Array(100);
  await (await conn).read(answer);
  assertEquals(answer[0], 0x88);
  host.end();
  assertEquals(await near.receive(), null);
  assertStringIncludes(await near.ended, "not binary");
});

test("a peer that never answers a close does not keep the channel from its end", async () => {
  const { promise: conn, host } = SilentWebSocketHost.start();
  const socket = new WebSocket(`ws://127.0.0.1:${host.address.port}/`);
  socket.binaryType = "arraybuffer";
  await new Promise((resolve) => socket.onopen = resolve);
  const nativeEnd = new Promise((resolve) => socket.addEventListener("close", resolve));
  const near = pipeOf(new WebSocketChannel(socket, host.address.href, () => {}, 1));
  near.channel.close();
  assertEquals(await near.receive(), null);
  assertStringIncludes(await near.ended, "did not answer in time");
  (await conn).close();
  host.end();
  await nativeEnd;
});

test(
  "messages that come before the start are kept, and nothing is called within start",
  async () => {
    const channels: MessageChannel[] = [];
    const accepted = Promise.withResolvers<void>();
    const server = Deno.serve(
      { port: 0, hostname: "127.0.0.1", onListen() {} },
      (request) =>
        upgradeWebSocket(request, {
          remote: "somebody",
          accept: (channel) => {
            channels.push(channel);
            accepted.resolve();
          },
        }),
    );
    const address = networkAddress("ws", "127.0.0.1", server.addr.port);
    const near = pipeOf(await webSocketTransport().dial(address, dialOptions({ path: "/any" })));
    for (let i = 0; i < 3; i++) await near.send(new Uint8Array([i]));
    await accepted.promise;
    await turns(20);
    assertEquals(channels[0]!.remote, "somebody");
    const far = pipeOf(channels[0]!);
    await near.send(new Uint8Array([3]));
    assertEquals(await gather(far, 4), new Uint8Array([0, 1, 2, 3]));
    await closeBoth(near, far);
    await server.shutdown();
  },
  RUNTIME !== "deno",
);

test("a host that does not read leaves the dialler congested until it does", async () => {
  const { promise, host } = SilentWebSocketHost.start();
  const near = await webSocketTransport().dial(host.address, dialOptions()) as MessageChannel;
  await testCongestion(near, await promise);
  host.end();
});

test("a client that does not read leaves the acceptor congested until it does", async () => {
  const acceptor = await Acceptor.on(webSocketTransport(), "ws://127.0.0.1:0");
  const { hostname, port } = acceptor.address;
  const conn = await Deno.connect({ hostname, port });
  await conn.write(openingOf("/internode"));
  await testCongestion(await acceptor.next() as MessageChannel, conn);
  await acceptor.end();
});

/** Writes until it is stuck, then lets the other end read, and leave. */
async function testCongestion(near: MessageChannel, conn: Deno.Conn): Promise<void> {
  let drains = 0;
  const drained = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<void>();
  near.start({
    onMessage() {},
    onDrain() {
      drains++;
      drained.resolve();
    },
    onClose: () => ended.resolve(),
  });
  const chunk = new Uint8Array(64 * 1024);
  let sent = 0;
  const write = async (): Promise<void> => {
    // What the kernel takes does not count, so it is stuck when turns change nothing.
    for (let idle = 0; idle < 5;) {
      while (!near.congested) {
        near.send(chunk);
        sent += chunk.length;
        idle = 0;
      }
      await turns(20);
      if (near.congested) idle++;
    }
  };
  await write();
  assert(sent < 32 * 1024 * 1024, `${sent} bytes were taken for a peer that reads nothing`);
  const before = drains;
  const reading = (async () => {
    const buffer = new Uint8Array(256 * 1024);
    while (await conn.read(buffer).catch(() => null) !== null);
  })();
  if (before === 0) await drained.promise;
  while (near.congested) await turns(1);
  assert(drains > before, "onDrain was not called");
  near.close();
  await turns(2);
  conn.close();
  await ended.promise;
  await reading;
}

test("a listener that cannot be one says so", async () => {
  const error = await assertRejects(
    () => Acceptor.on(webSocketTransport(), "wss://127.0.0.1:0"),
    InternodeError,
    "cert and key",
  );
  assertEquals(error.code, "InvalidArgument");
});

test("an unknown authority is not believed", async () => {
  if (!FILES) return;
  const acceptor = await Acceptor.on(webSocketTransport(certificates()), "wss://127.0.0.1:0");
  const error = await assertRejects(
    () => webSocketTransport().dial(acceptor.address, dialOptions()),
    InternodeError,
    acceptor.address.href,
  );
  assertEquals(error.code, "Unreachable");
  await acceptor.end();
});
