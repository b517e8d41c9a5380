import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { PeerLeft } from "../../../lib/transport/channel/peer_left.ts";
import type { ByteChannel } from "../../../lib/transport/channel/transport.ts";
import { NO_VERDICTS } from "../../support/foreign/no_verdicts.ts";
import { RefusedRequest } from "../../../lib/transport/websocket/refused_request.ts";
import { acceptWebSocket } from "../../../lib/transport/websocket/web_socket_acceptor.ts";
import { webSocketTransport } from "../../../lib/transport/websocket/web_socket.ts";
import { Acceptor, dialOptions, told, turns } from "../../support/channels/acceptor.ts";
import { closeBoth, drained, gather } from "../../support/channels/channel_conformance.ts";
import { pipeOf } from "../../support/channels/channel_pipe.ts";
import { certificates } from "../../support/certificates/certificates.ts";
import { FILES, NET } from "../../support/permitted.ts";
import { openingOf } from "./raw_web_socket.ts";

/** The end of a connection whose client says one thing after the other, and then nothing or goodbye. */
class SpokenChannel implements ByteChannel {
  readonly kind = "bytes";
  readonly remote = "ws://client:1";
  readonly integrity = true;
  answer = "";
  closed = false;
  /** The most that was asked for at a time. */
  largestRead = 0;
  readonly #said: Uint8Array[];
  readonly #stays: boolean;
  #onClose = () => {};

  constructor(said: readonly (string | Uint8Array)[], stays = false) {
    this.#said = said.map((part) =>
      typeof part === "string" ? new TextEncoder().encode(part) : part
    );
    this.#stays = stays;
  }

  read(into: Uint8Array<ArrayBuffer>): Promise<number | null> {
    assert(into.length > 0, "a read of nothing");
    this.largestRead = Math.max(this.largestRead, into.length);
    const part = this.#said.shift();
    if (part !== undefined) {
      const count = Math.min(part.length, into.length);
      into.set(part.subarray(0, count));
      if (count < part.length) this.#said.unshift(part.subarray(count));
      return Promise.resolve(count);
    }
    if (!this.#stays) return Promise.resolve(null);
    return new Promise((_, reject) => this.#onClose = () => reject(new Error("closed")));
  }

  write(bytes: Uint8Array<ArrayBuffer>): Promise<number> {
    // Never all of it at once.
    const part = bytes.subarray(0, 7);
    this.answer += new TextDecoder().decode(part);
    return Promise.resolve(part.length);
  }

  close(): void {
    this.closed = true;
    this.#onClose();
  }
}

const PATH = "/internode";
const FIELDS = {
  Host: "test",
  Upgrade: "websocket",
  Connection: "Upgrade",
  "Sec-WebSocket-Version": "13",
  "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
};

function requestOf(
  fields: Record<string, string | null> = {},
  first = `GET ${PATH} HTTP/1.1`,
): string {
  const all = Object.entries<string | null>({ ...FIELDS, ...fields });
  const lines = all.filter(([, value]) => value !== null).map(([name, value]) =>
    `${name}: ${value}`
  );
  return [first, ...lines, "", ""].join("\r\n");
}

/** What a request is refused with. */
async function refusal(
  said: string | Uint8Array | readonly string[],
  authorize?: (token: string | null) => string | null,
): Promise<{ status: number; reason: string; answer: string }> {
  const channel = new SpokenChannel(said instanceof Array ? said : [said as string]);
  const error = await assertRejects(
    () => acceptWebSocket(channel, { hostname: "test", path: PATH, authorize }),
    RefusedRequest,
  );
  const { answer } = channel;
  assert(answer.startsWith(`HTTP/1.1 ${error.status} `), answer);
  assertStringIncludes(answer, "close\r\n");
  assert(answer.endsWith(`\r\n\r\n${error.message}`), answer);
  const length = new TextEncoder().encode(error.message).length;
  assertStringIncludes(answer, `\r\nContent-Length: ${length}\r\n`);
  return { status: error.status, reason: error.message, answer };
}

Deno.test("ws accept: a proper request is agreed to, however it is cut and spelled", async () => {
  const request = requestOf();
  for (
    const said of [
      [request],
      [...request],
      [requestOf({ Connection: "keep-alive, upgrade", Upgrade: "WebSocket" })],
      [requestOf({ "Sec-WebSocket-Protocol": "chat" })],
      [requestOf({ "Sec-WebSocket-Extensions": "permessage-deflate" })],
      [requestOf({ "Content-Length": "0" })],
      [requestOf({}, "GET /internode?and=query HTTP/1.1")],
      [requestOf({}, "GET /elsewhere/../internode HTTP/1.1")],
      ...["http", "https", "ws", "wss", "HTTP"].map((scheme) => [
        requestOf({}, `GET ${scheme}://test:80/internode?and=query HTTP/1.1`),
      ]),
    ]
  ) {
    const channel = new SpokenChannel(said);
    const accepted = await acceptWebSocket(channel, { hostname: "test", path: PATH });
    assertEquals(accepted?.channel.remote, "ws://client:1");
    assertEquals(
      channel.answer,
      // The key and its answer stand in RFC 6455, 1.3.
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
        "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
    );
    assert(!channel.closed);
  }
});

Deno.test("ws accept: what is no proper request is answered with a status and the reason", async () => {
  const cases: [said: string | Uint8Array, status: number, words: string][] = [
    [new Uint8Array(1000).fill(0xff), 400, "not HTTP/1.1"],
    ["\u0016\u0003\u0001\u0000", 400, "not HTTP/1.1"],
    ["\r\n\r\n", 400, "not HTTP/1.1"],
    [requestOf({}, "GET /internode"), 400, "not an HTTP/1.1 request"],
    [requestOf({}, "GET /internode HTTP/1.0"), 400, "not an HTTP/1.1 request"],
    [requestOf({}, "GET /internode HTTP/2"), 400, "not an HTTP/1.1 request"],
    [requestOf({}, "GET  /internode HTTP/1.1"), 400, "not an HTTP/1.1 request"],
    ["PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, "not an HTTP/1.1 request"],
    [requestOf().replaceAll("\r\n", "\n"), 400, "not an HTTP/1.1 request"],
    [requestOf({ Folded: "a\r\n b" }), 400, "not an HTTP/1.1 request"],
    [requestOf({ Bare: "a\rb" }), 400, "not an HTTP/1.1 request"],
    [requestOf({ Null: "a\u0000b" }), 400, "not an HTTP/1.1 request"],
    [requestOf({ "Space ": "x" }), 400, "not an HTTP/1.1 request"],
    [requestOf({ Host: null }), 400, "host is missing"],
    [requestOf({ host: "other" }), 400, "host appears twice"],
    [requestOf({ "sec-websocket-key": FIELDS["Sec-WebSocket-Key"] }), 400, "appears twice"],
    [requestOf({ authorization: "Bearer a", Authorization: "Bearer b" }), 400, "appears twice"],
    [requestOf({ "Content-Length": "5" }), 400, "must not have a body"],
    [requestOf({ "Content-Length": "x" }), 400, "must not have a body"],
    [requestOf({ "Transfer-Encoding": "chunked" }), 400, "must not have a body"],
    [requestOf({}, "GET http://[ HTTP/1.1"), 400, "host is not a valid host"],
    [requestOf({}, "GET ws://test HTTP/1.1"), 404, "nothing is served at /"],
    [requestOf({}, "GET ws://internode HTTP/1.1"), 421, "allowHosts"],
    [requestOf({}, "GET ftp://test/internode HTTP/1.1"), 404, "nothing is served at /ftp"],
    [requestOf({ Host: "evil.example" }), 421, "allowHosts"],
    [requestOf({ Host: "evil.example:80" }), 421, "allowHosts"],
    [requestOf({ Host: "test:test" }), 400, "host is not a valid host"],
    [requestOf({ Host: "" }), 400, "host is not a valid host"],
    [requestOf({ Origin: "https://page.example" }), 403, "allowOrigins"],
    [requestOf({ Origin: "http://test" }), 403, "allowOrigins"],
    [requestOf({ Origin: "null" }), 403, "allowOrigins"],
    [requestOf({ Origin: "" }), 403, "allowOrigins"],
    [requestOf({}, "GET /elsewhere HTTP/1.1"), 404, "nothing is served at /elsewhere"],
    [requestOf({}, "GET * HTTP/1.1"), 404, "nothing is served at /*"],
    [requestOf({}, `POST ${PATH} HTTP/1.1`), 426, "only WebSocket"],
    [requestOf({ Upgrade: null }), 426, "only WebSocket"],
    [requestOf({ Upgrade: "h2c" }), 426, "only WebSocket"],
    [requestOf({ Connection: "keep-alive" }), 426, "only WebSocket"],
    [requestOf({ "Sec-WebSocket-Version": "8" }), 426, "only WebSocket version 13"],
    [requestOf({ "Sec-WebSocket-Version": null }), 426, "only WebSocket version 13"],
    [requestOf({ "Sec-WebSocket-Key": null }), 400, "sec-websocket-key"],
    [requestOf({ "Sec-WebSocket-Key": "c2hvcnQ=" }), 400, "sec-websocket-key"],
    // A second request, or frames, before the first is answered.
    [requestOf() + requestOf(), 400, "no bytes may follow"],
    [requestOf() + "\u0081", 400, "no bytes may follow"],
  ];
  for (const [said, status, words] of cases) {
    const refused = await refusal(said);
    assertEquals([refused.status, said], [status, said]);
    assertStringIncludes(refused.reason, words);
    const names = [
      ...status === 426 ? ["Upgrade: websocket", "Sec-WebSocket-Version: 13"] : [],
      "Content-Type: text/plain",
    ];
    for (const name of names) assertStringIncludes(refused.answer, `\r\n${name}`);
  }
});

Deno.test("ws accept: heads beyond 8 KiB are refused while they come", async () => {
  const long = requestOf({ Long: "x".repeat(9000) });
  assertEquals((await refusal(long)).status, 431);
  assertEquals((await refusal([...long])).status, 431);
  const many = Object.fromEntries(Array.from({ length: 2000 }, (_, i) => [`F${i}`, "x"]));
  assertEquals((await refusal(requestOf(many))).status, 431);
  const endless = new SpokenChannel(Array(1000).fill(new Uint8Array(65_536).fill(65)));
  await assertRejects(
    () => acceptWebSocket(endless, { hostname: "test", path: PATH }),
    RefusedRequest,
    "8192",
  );
  assert(endless.largestRead <= 8192);
  const fits = requestOf({ Long: "x".repeat(7000) });
  assert(
    await acceptWebSocket(new SpokenChannel([fits]), { hostname: "test", path: PATH }) !== null,
  );
});

Deno.test("ws accept: the token is judged once, and a refusal tells the judge's reason", async () => {
  const judged: (string | null)[] = [];
  const judge = (token: string | null): string | null => {
    judged.push(token);
    return token === "right" ? null : "a reason with ünicode";
  };
  for (const field of ["Bearer wrong", null, "Basic dXNlcg==", "Bearer", "Bearer a b"]) {
    const { status, reason, answer } = await refusal(requestOf({ Authorization: field }), judge);
    assertEquals([status, reason], [401, "a reason with ünicode"]);
    assertStringIncludes(answer, "\r\nWWW-Authenticate: Bearer\r\n");
  }
  assertEquals(judged, ["wrong", null, "", "", ""]);
  for (const field of ["Bearer right", "bearer  right"]) {
    const channel = new SpokenChannel([requestOf({ authorization: field })]);
    assert(
      await acceptWebSocket(channel, { hostname: "test", path: PATH, authorize: judge }) !== null,
    );
  }
  const named = await acceptWebSocket(new SpokenChannel([requestOf()]), {
    hostname: "test",
    path: PATH,
    authorize: () => ({ name: "node-1" }),
  });
  assertEquals(named?.name, "node-1");
  const slow = await acceptWebSocket(new SpokenChannel([requestOf()]), {
    hostname: "test",
    path: PATH,
    authorize: () => Promise.resolve({ name: "node-2" }),
  });
  assertEquals(slow?.name, "node-2");
  // Where nothing is served, no token is looked at.
  await refusal(requestOf({ Authorization: "Bearer x" }, "GET /other HTTP/1.1"), judge);
  assertEquals(judged.length, 7);
});

Deno.test("ws accept: what is no verdict on the token is status 503, and not told to the client", async () => {
  for (const [what, rule] of NO_VERDICTS) {
    const { status, reason } = await refusal(requestOf(), rule as () => null);
    assertEquals([status, reason.startsWith("this side could not judge")], [503, true], what);
  }
});

Deno.test("ws accept: the path may be one that URLs spell otherwise", async () => {
  const channel = new SpokenChannel([requestOf({}, "GET /some%20path HTTP/1.1")]);
  const { channel: accepted } = await acceptWebSocket(channel, {
    hostname: "test",
    path: "/some path",
  });
  assertEquals(accepted.kind, "messages");
});

Deno.test("ws accept: a client that leaves before its request is whole is told apart from others", async () => {
  for (const said of [[], ["GET / HT"]]) {
    await assertRejects(
      () => acceptWebSocket(new SpokenChannel(said), { hostname: "test", path: PATH }),
      PeerLeft,
      "ended within its request",
    );
  }
});

Deno.test("ws accept: a refused client that stays, or goes on talking, is left", async () => {
  const silent = new SpokenChannel(["garbage"], true);
  await assertRejects(
    () => acceptWebSocket(silent, { hostname: "test", path: PATH }, 1),
    RefusedRequest,
  );
  assert(silent.closed);
  const talking = new SpokenChannel(["garbage", ...Array(100).fill("x".repeat(4096))], true);
  await assertRejects(
    () => acceptWebSocket(talking, { hostname: "test", path: PATH }),
    RefusedRequest,
  );
  assert(talking.largestRead <= 4096);
});

const test = (name: string, fn: () => Promise<void>, ignore = !NET): void =>
  Deno.test({ name: `ws accept: ${name}`, ignore, fn });

test("a listener hears of clients that are refused, but not of tokens", async () => {
  const transport = webSocketTransport();
  const acceptor = await Acceptor.on(transport, "ws://127.0.0.1:0", () => "no");
  await assertRejects(() => transport.dial(acceptor.address, dialOptions({ token: "x" })));
  const options = dialOptions({ path: "/other" });
  await assertRejects(() => transport.dial(acceptor.address, options));
  const [heard] = await told(acceptor, 1);
  assertEquals(heard!.code, "PermissionDenied");
  assertStringIncludes(heard!.message, `at ${acceptor.address.href}: nothing is served at /other`);
  await acceptor.end();
});

test("a client that leaves at any moment of its upgrade leaves nothing behind", async () => {
  const transport = webSocketTransport();
  const acceptor = await Acceptor.on(transport, "ws://127.0.0.1:0");
  const { hostname, port } = acceptor.address;
  const opening = openingOf(PATH);
  for (let cut = 0; cut <= opening.length; cut += 16) {
    const conn = await Deno.connect({ hostname, port });
    await conn.write(opening.subarray(0, cut));
    conn.close();
  }
  // One that only ends its half has the answer, and then the end.
  const half = await Deno.connect({ hostname, port });
  await half.write(opening);
  await half.closeWrite();
  for (;;) {
    const far = pipeOf(await acceptor.next());
    assertEquals(await far.receive(), null);
    assertStringIncludes(await far.ended, "lost");
    // The others may or may not have been upgraded before they left.
    if (far.channel.remote.endsWith(`:${(half.localAddr as Deno.NetAddr).port}`)) break;
  }
  let answer = "";
  const buffer = new Uint8Array(1024);
  for (let count; (count = await half.read(buffer)) !== null;) {
    answer += new TextDecoder().decode(buffer.subarray(0, count));
  }
  assert(answer.startsWith("HTTP/1.1 101 "), answer);
  half.close();
  const near = pipeOf(await transport.dial(acceptor.address, dialOptions()));
  await near.send(new Uint8Array([7]));
  for (;;) {
    const far = pipeOf(await acceptor.next());
    if (await far.receive() === null) continue;
    await closeBoth(near, far);
    break;
  }
  await acceptor.end();
});

for (const scheme of ["ws", "wss"]) {
  test(`the runtime's own client is understood: ${scheme}`, async () => {
    const tls = scheme === "wss" ? certificates() : {};
    const acceptor = await Acceptor.on(webSocketTransport(tls), `${scheme}://127.0.0.1:0`);
    using client = Deno.createHttpClient({ caCerts: [...tls.caCerts ?? []] });
    const url = `${scheme}://127.0.0.1:${acceptor.address.port}/internode`;
    const socket = new WebSocket(url, { client });
    socket.binaryType = "arraybuffer";
    const heard: Uint8Array[] = [];
    socket.onmessage = ({ data }) => heard.push(new Uint8Array(data));
    const closed = new Promise<CloseEvent>((resolve) => socket.onclose = resolve);
    await new Promise((resolve) => socket.onopen = resolve);
    const far = pipeOf(await acceptor.next());
    for (const length of [0, 1, 125, 126, 65_535, 65_536, 1_000_000]) {
      const bytes = new Uint8Array(length).map((_, i) => i * 7);
      socket.send(bytes);
      assertEquals(length === 0 ? await far.receive() : await gather(far, length), bytes);
      await far.send(bytes);
      while (heard.length === 0) await turns(1);
      assertEquals(heard.shift(), bytes);
    }
    socket.close(4242, "enough");
    assertEquals(await far.receive(), null);
    assertStringIncludes(await far.ended, "code 4242: enough");
    assertEquals((await closed).wasClean, true);
    await drained(far);
    await acceptor.end();
  }, !NET || scheme === "wss" && !FILES);
}
