/** The runtime's own WebSocket as a transport, and mixed with ours. @module */

import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { InternodeError } from "../../../lib/errors.ts";
import { nativeWebSocketTransport } from "../../../lib/transport/websocket/native_web_socket.ts";
import type { Transport } from "../../../lib/transport/channel/transport.ts";
import { webSocketTransport } from "../../../lib/transport/websocket/web_socket.ts";
import { Acceptor, dialOptions } from "../../support/channels/acceptor.ts";
import { certificates } from "../../support/certificates/certificates.ts";
import { closeBoth, gather, testTransport } from "../../support/channels/channel_conformance.ts";
import { pipeOf } from "../../support/channels/channel_pipe.ts";
import { FILES, NET } from "../../support/permitted.ts";

testTransport({
  name: "native ws",
  permitted: NET,
  transport: nativeWebSocketTransport,
  freshAddress: () => "ws://127.0.0.1:0",
  acceptedRemote: "ws://127.0.0.1:",
  upgradesNatively: true,
});

testTransport({
  name: "native wss",
  permitted: NET && FILES,
  transport: () => nativeWebSocketTransport(certificates()),
  freshAddress: () => "wss://localhost:0",
  acceptedRemote: "wss://",
  upgradesNatively: true,
});

/** One side dials by one transport, the other listens by another. */
function mixed(dialling: Transport, listening: Transport): Transport {
  return {
    dial: (address, options) => dialling.dial(address, options),
    listen: (address, options) => listening.listen(address, options),
  };
}

for (
  const [name, transport, upgradesNatively] of [
    ["native to ours", () => mixed(nativeWebSocketTransport(), webSocketTransport()), false],
    ["ours to native", () => mixed(webSocketTransport(), nativeWebSocketTransport()), true],
  ] as const
) {
  testTransport({
    name: `ws, ${name}`,
    permitted: NET,
    transport,
    freshAddress: () => "ws://127.0.0.1:0",
    acceptedRemote: "ws://127.0.0.1:",
    upgradesNatively,
  });
}

const test = (name: string, fn: () => Promise<void>): void =>
  Deno.test({ name: `native ws: ${name}`, ignore: !NET, fn });

test("the token is judged before the upgrade, whenever the judgement comes", async () => {
  const transport = nativeWebSocketTransport();
  const judge = (token: string | null) => token === "right" ? null : "it is not right";
  const later = async (token: string | null) => (await null, judge(token));
  for (const authorize of [judge, later]) {
    const acceptor = await Acceptor.on(transport, "ws://127.0.0.1:0", authorize);
    for (const token of ["wrong", undefined]) {
      const error = await assertRejects(
        () => transport.dial(acceptor.address, dialOptions({ token })),
        InternodeError,
        "401",
      );
      assertEquals([error.code, error.host], ["Unauthenticated", acceptor.address.href]);
    }
    const near = pipeOf(await transport.dial(acceptor.address, dialOptions({ token: "right" })));
    await closeBoth(near, pipeOf(await acceptor.next()));
    await acceptor.end();
    assertEquals(acceptor.errors, []);
  }
});

test("another path, a web page and a plain request are refused", async () => {
  const transport = nativeWebSocketTransport();
  const acceptor = await Acceptor.on(transport, "ws://127.0.0.1:0");
  const { address } = acceptor;
  const error = await assertRejects(
    () => transport.dial(address, dialOptions({ path: "/elsewhere" })),
    InternodeError,
    "404",
  );
  assertEquals(error.code, "PermissionDenied");
  const url = `http://127.0.0.1:${address.port}/internode`;
  const plain = await fetch(url);
  assertEquals(plain.status, 426);
  await plain.body?.cancel();
  const page = await fetch(url, { headers: { origin: "https://evil.example" } });
  assertEquals(page.status, 403);
  await page.body?.cancel();
  await acceptor.end();
});

test("a listener whose connections live on refuses others, and its address is free after the last", async () => {
  const transport = nativeWebSocketTransport();
  const acceptor = await Acceptor.on(transport, "ws://127.0.0.1:0");
  const near = pipeOf(await transport.dial(acceptor.address, dialOptions()));
  const far = pipeOf(await acceptor.next());
  await acceptor.listener.close();
  const error = await assertRejects(
    () => transport.dial(acceptor.address, dialOptions()),
    InternodeError,
    "503",
  );
  assertEquals(error.code, "Unreachable");
  await near.send(new Uint8Array([5]));
  assertEquals(await gather(far, 1), new Uint8Array([5]));
  await closeBoth(near, far);
  await acceptor.listener.finished;
  const again = await Acceptor.on(transport, acceptor.address.href);
  await again.end();
});

test("wss needs a certificate to listen", async () => {
  const transport = nativeWebSocketTransport();
  const error = await assertRejects(
    () => Acceptor.on(transport, "wss://127.0.0.1:0"),
    InternodeError,
  );
  assertStringIncludes(error.message, "cert");
});
