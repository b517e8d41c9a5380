import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { InternodeError } from "../../../lib/errors.ts";
import { ConnChannel } from "../../../lib/transport/tcp/conn_channel.ts";
import type { MessageChannel } from "../../../lib/transport/channel/transport.ts";
import { webSocketTransport } from "../../../lib/transport/websocket/web_socket.ts";
import { requestUpgrade } from "../../../lib/transport/websocket/web_socket_dialler.ts";
import { dialOptions, turns } from "../../support/channels/acceptor.ts";
import { certificates } from "../../support/certificates/certificates.ts";
import { FILES, NET } from "../../support/permitted.ts";
import { agreementTo, ScriptedHost } from "./raw_web_socket.ts";

const test = (name: string, fn: () => Promise<void>, ignore = !NET): void =>
  Deno.test({ name: `ws dial: ${name}`, ignore, fn });

/** What a dial ends with when it is answered so. */
async function answered(
  answer: (request: string, conn: Deno.Conn) => Promise<unknown> | string,
): Promise<InternodeError> {
  using host = new ScriptedHost();
  const dialling = assertRejects(
    () => webSocketTransport().dial(host.address, dialOptions()),
    InternodeError,
    host.address.href,
  );
  const { conn, request } = await host.next();
  const said = answer(request, conn);
  if (typeof said === "string") await conn.write(new TextEncoder().encode(said));
  else await said;
  const error = await dialling;
  assertEquals([error.host, error.outcome], [host.address.href, "notSent"]);
  return error;
}

test("the request says what a server must know", async () => {
  using host = new ScriptedHost();
  const path = "/some path?and=query#fragment", token = "abc.def";
  const dialling = webSocketTransport().dial(host.address, dialOptions({ path, token }));
  const { conn, request } = await host.next();
  const [first, ...fields] = request.trimEnd().split("\r\n");
  assertEquals(first, "GET /some%20path?and=query HTTP/1.1");
  const key = fields.findIndex((field) => field.startsWith("Sec-WebSocket-Key: "));
  assertMatch(fields.splice(key, 1)[0]!, /^Sec-WebSocket-Key: [A-Za-z0-9+/]{22}==$/);
  assertEquals(fields.toSorted(), [
    "Authorization: Bearer abc.def",
    "Connection: Upgrade",
    `Host: 127.0.0.1:${host.address.port}`,
    "Sec-WebSocket-Version: 13",
    "Upgrade: websocket",
  ]);
  await conn.write(await agreementTo(request));
  await finish(await dialling as MessageChannel, conn);
});

/** Lets both ends go. */
async function finish(channel: MessageChannel, conn: Deno.Conn): Promise<void> {
  const ended = new Promise<string>((onClose) =>
    channel.start({ onMessage() {}, onDrain() {}, onClose })
  );
  conn.close();
  await ended;
}

test("what cannot stand in a request is refused before there is a connection", async () => {
  using host = new ScriptedHost();
  for (
    const [options, words] of [
      [{ path: "no-slash" }, 'must begin with "/"'],
      [{ token: "a\r\nX-Evil: 1" }, "the token contains"],
      [{ token: "é" }, "the token contains"],
    ] as const
  ) {
    const error = await assertRejects(
      () => webSocketTransport().dial(host.address, dialOptions(options)),
      InternodeError,
      words,
    );
    assertEquals([error.code, error.origin], ["InvalidArgument", "caller"]);
  }
  // A line break in a path is no line of the request.
  const dialling = webSocketTransport().dial(
    host.address,
    dialOptions({ path: "/a\r\nX-Evil: 1\r\n\r\n" }),
  );
  const { conn, request } = await host.next();
  assert(!request.includes("\r\nX-Evil"), request);
  await conn.write(await agreementTo(request));
  await finish(await dialling as MessageChannel, conn);
});

test("a refusal is told with its status and text, and is asked for once", async () => {
  for (
    const [status, code, words] of [
      [401, "Unauthenticated", "same shared secret"],
      [403, "PermissionDenied", "same shared secret"],
      [404, "PermissionDenied", "same path option"],
      [302, "Unreachable", "Check which server listens there"],
      [500, "Unreachable", "Check which server listens there"],
    ] as const
  ) {
    const error = await answered(() =>
      `HTTP/1.1 ${status} So\r\nContent-Length: 11\r\n\r\nno\r\nentrance, and not this`
    );
    assertEquals([error.code, error.origin], [code, "remote"]);
    assertStringIncludes(error.message, `status ${status} (no entranc)`);
    assertStringIncludes(error.message, words);
  }
  // A host that takes no second connection: the one refusal is all there is.
  const closed = await answered(async (_, conn) => {
    await conn.write(new TextEncoder().encode("HTTP/1.1 401 No\r\n\r\nuntil the "));
    await turns(2);
    await conn.write(new TextEncoder().encode("end"));
    conn.close();
  });
  assertStringIncludes(closed.message, "status 401 (until the end)");
});

test("of an endless refusal the beginning is shown", async () => {
  const error = await answered(async (_, conn) => {
    const page = new TextEncoder().encode("HTTP/1.1 503 Busy\r\n\r\n" + "x".repeat(100_000));
    try {
      for (;;) await conn.write(page);
    } catch {
      // The dialler has gone.
    }
  });
  assertStringIncludes(error.message, `status 503 (${"x".repeat(512)})`);
});

test("answers that agree to something else are none", async () => {
  const head = "HTTP/1.1 101 Switching Protocols\r\n";
  const upgrade = "Upgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n";
  const replaced = (from: RegExp, to: string) => async (request: string, conn: Deno.Conn) => {
    const text = new TextDecoder().decode(await agreementTo(request));
    await conn.write(new TextEncoder().encode(text.replace(from, to)));
  };
  for (
    const [answer, words] of [
      [() => `${head}${upgrade}\r\n`, "the answer to another request"],
      [
        () => `${head}${upgrade}Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n`,
        "the answer to another request",
      ],
      [
        () => `${head}Upgrade: h2c\r\nConnection: Upgrade\r\n\r\n`,
        "another protocol than WebSocket",
      ],
      [replaced(/Connection:.*\r\n/, ""), "another protocol than WebSocket"],
      [replaced(/\r\n\r\n/, "\r\nSec-WebSocket-Extensions: x\r\n\r\n"), "sec-websocket-extensions"],
      [replaced(/\r\n\r\n/, "\r\nSec-WebSocket-Protocol: x\r\n\r\n"), "sec-websocket-protocol"],
      [() => "220 smtp.example ESMTP\r\n\r\n", "something other than HTTP"],
      [() => "\u0000\u0001\u0002\n\n", "something other than HTTP"],
      [() => `HTTP/1.1 101 X\r\nLong: ${"x".repeat(9000)}`, "a head of more than 8192 bytes"],
    ] as const
  ) {
    const error = await answered(answer);
    assertStringIncludes(error.message, words);
    assertEquals(error.code, "Unreachable");
  }
});

test("a host that leaves in the middle of its answer is unreachable", async () => {
  for (const text of ["", "HTTP/1.1 101 Switching"]) {
    const error = await answered(async (_, conn) => {
      await conn.write(new TextEncoder().encode(text || "H"));
      conn.close();
    });
    assertEquals(error.code, "Unreachable");
    assertStringIncludes(error.message, "without an answer");
  }
});

test("an answer may come byte by byte, and what follows it belongs to the channel", async () => {
  using host = new ScriptedHost();
  const dialling = webSocketTransport().dial(host.address, dialOptions());
  const { conn, request } = await host.next();
  const answer = await agreementTo(request);
  for (const byte of answer.subarray(0, -1)) await conn.write(Uint8Array.of(byte));
  await conn.write(Uint8Array.of(answer.at(-1)!, 0x82, 2, 7, 8, 0x82));
  const channel = await dialling as MessageChannel;
  await conn.write(Uint8Array.of(1, 9));
  const messages: number[][] = [];
  const ended = new Promise<string>((onClose) =>
    channel.start({ onMessage: (bytes) => messages.push([...bytes]), onDrain() {}, onClose })
  );
  assertEquals(messages, [], "start has called back");
  while (messages.length < 2) await turns(1);
  assertEquals(messages, [[7, 8], [9]]);
  conn.close();
  assertStringIncludes(await ended, "without a close frame");
});

for (const scheme of ["ws", "wss"] as const) {
  test(
    `a dial to a ${scheme} host that says nothing, or little, ends when it is aborted`,
    async () => {
      const transport = webSocketTransport(scheme === "wss" ? certificates() : {});
      const beginnings = ["", "HTTP/1.1 1", "HTTP/1.1 401 No\r\nContent-Length: 9\r\n\r\nwho"];
      for (const beginning of scheme === "wss" ? [""] : beginnings) {
        using host = new ScriptedHost(scheme);
        const controller = new AbortController(), reason = new Error("too slow");
        const refused = assertRejects(() => transport.dial(host.address, dialOptions(controller)));
        const accepted = scheme === "ws" ? await host.next() : undefined;
        if (beginning !== "") await accepted!.conn.write(new TextEncoder().encode(beginning));
        await turns(5);
        controller.abort(reason);
        assertEquals(await refused, reason);
        // The connection goes with it.
        const left = await accepted?.conn.read(new Uint8Array(10)).catch(() => null);
        assertEquals(left ?? null, null);
        await turns(4);
      }
    },
    !NET || !FILES,
  );
}

test("a refusal whose text never comes is told without it", async () => {
  using host = new ScriptedHost();
  const { hostname, port } = host.address;
  const dialled = await Deno.connect({ hostname, port });
  const asking = assertRejects(
    () =>
      requestUpgrade(new ConnChannel(dialled, host.address.href, false), host.address, {
        host: host.address,
        path: "/",
        token: undefined,
      }, 1),
    InternodeError,
    "status 404 (no). Both",
  );
  const { conn } = await host.next();
  await conn.write(new TextEncoder().encode("HTTP/1.1 404 No\r\nContent-Length: 9\r\n\r\nno"));
  await asking;
  dialled.close();
});
