import { assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { HandlerMap, listen, ws } from "../../../call.ts";
import { InternodeError } from "../../../lib/errors.ts";
import { hostProblem, readHosts } from "../../../lib/transport/websocket/allowed_hosts.ts";
import { parseHostAddress } from "../../../lib/runtime/host_address.ts";
import { webSocketTransport } from "../../../lib/transport/websocket/web_socket.ts";
import { Manager, nativeWebSocketTransport, systemTransports } from "../../../mod.ts";
import { QuietLogger } from "../../support/log/quiet.ts";
import { FILES, NET } from "../../support/permitted.ts";
import { TestAuthority } from "../../support/certificates/test_authority.ts";

Deno.test("good are addresses, localhost, this side's own name and what is named, whatever the port", () => {
  const allowed = readHosts(["Cache.example", "bücher.example."]);
  const good = [
    "127.0.0.1",
    "10.0.0.1:9000",
    "[::1]:80",
    "[2001:DB8::1]",
    "0x7f000001",
    "localhost",
    "LOCALHOST:8080",
    "node-1.example:9000",
    "NODE-1.example.",
    "cache.example:",
    "xn--bcher-kva.example:443",
  ];
  for (const host of good) assertEquals(hostProblem(host, "Node-1.example", allowed), null, host);
  const others = ["evil.example", "cache.example.evil", "x.cache.example", "localhost.evil", "a"];
  for (const host of [...others, "node-1.example.evil:9000", "sub.localhost"]) {
    const problem = hostProblem(host, "node-1.example", allowed);
    assertEquals(problem?.status, 421, host);
    assertStringIncludes(problem!.reason, "allowHosts");
    assertEquals(problem!.reason.includes(host.slice(0, 6)) && host.length > 9, false, host);
  }
  for (const host of ["", "a b", "a, a", "u@localhost", "localhost/", "a:b", "a:1:2", "[x]", "*"]) {
    assertEquals(hostProblem(host, "", allowed)?.status, 400, host);
  }
  assertEquals(hostProblem("any.example", "", readHosts(["*"])), null);
  // One that listens on all interfaces has no name.
  assertEquals(hostProblem("any.example", "", [])?.status, 421);
});

Deno.test("what is no host name is refused where it is given", async () => {
  const wrong = ["", "a.example:80", "https://a.example", "*.example", "a/b", 7 as never];
  for (const one of [...wrong.map((host) => [host]), "*" as never]) {
    const act = (): unknown => readHosts(one);
    assertEquals(assertThrows(act, InternodeError, "allowHosts").code, "InvalidArgument");
  }
  const given = { allowHosts: ["a:1"] };
  assertThrows(() => new Manager({ local: "memory://a", hosts: [], ...given }), InternodeError);
  const listening = listen("memory://hosts", new HandlerMap(), given);
  await assertRejects(() => listening, InternodeError, "allowHosts");
});

/** What is answered to a client that asks for a host; with an authority over TLS. */
async function answerTo(
  port: number,
  host: string,
  caCert: string | undefined,
  target = "/internode",
): Promise<string> {
  const hostname = "127.0.0.1";
  using conn: Deno.Conn = caCert === undefined
    ? await Deno.connect({ hostname, port })
    : await Deno.connectTls({ hostname, port, caCerts: [caCert] });
  await conn.write(new TextEncoder().encode(
    `GET ${target} HTTP/1.1\r\nHost: ${host}\r\nUpgrade: websocket\r\n` +
      "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n" +
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
  ));
  const bytes = new Uint8Array(1_024), count = await conn.read(bytes);
  return new TextDecoder().decode(bytes.subarray(0, count ?? 0)).slice(9, 12);
}

/** The port stands for `PORT`. */
const CASES: readonly (readonly [string[] | undefined, string, string])[] = [
  [undefined, "127.0.0.1:PORT", "101"],
  [undefined, "localhost:PORT", "101"],
  [undefined, "evil.example:PORT", "421"],
  [undefined, "evil.example", "421"],
  [undefined, "evil example", "400"],
  [["public.example"], "public.example", "101"],
  [["public.example"], "Public.example:443", "101"],
  [["public.example"], "evil.example", "421"],
  [["*"], "evil.example", "101"],
];

for (
  const [scheme, isNative] of [["ws", false], ["wss", false], ["ws", true], ["wss", true]] as const
) {
  Deno.test({
    name: `${
      isNative ? "native " : ""
    }${scheme}: listeners of both faces refuse requests for hosts that they are not, once in the log`,
    ignore: !NET || !FILES,
  }, async () => {
    const authority = await TestAuthority.root("authority");
    const names = [{ type: "ip" as const, value: "127.0.0.1" }];
    const { cert, key } = await authority.node("node", { names });
    const native = nativeWebSocketTransport({ cert, key });
    const transports = isNative ? { ws: native, wss: native } : systemTransports({ cert, key });
    const caCert = scheme === "wss" ? authority.cert : undefined;
    for (const [allowHosts, host, status] of CASES) {
      // The runtime refuses what is no host itself, and says nothing.
      if (isNative && status === "400") continue;
      const logger = new QuietLogger();
      const more = { logger, transports, ...(allowHosts && { allowHosts }) };
      const ask = async (address: string): Promise<void> => {
        const { port } = new URL(address.replace(/^wss?/, "http"));
        const asked = host.replace("PORT", port);
        for (let i = 0; i < 2; i++) {
          assertEquals(await answerTo(Number(port), asked, caCert), status, asked);
        }
        // Of two hosts that are named, both must do.
        const target = `http://${asked}/internode`, own = "127.0.0.1";
        if (status === "421" && !isNative) {
          assertEquals(await answerTo(Number(port), own, caCert, target), status);
        }
      };
      const service = await listen(ws(`${scheme}://127.0.0.1:0`), new HandlerMap(), more);
      // Requests wait until somebody accepts.
      const accepting = service.accept().then(({ channel }) => channel.close(), () => {});
      await ask(service.address);
      await service.close();
      await accepting;
      const refusals = status === "101" ? 0 : 1;
      assertEquals(logger.shown.length, refusals, JSON.stringify(logger.shown));
      const local = `${scheme}://127.0.0.1:0`;
      await using grid = new Manager({ local, hosts: [local], ...more });
      await ask((await grid.listen()).address);
      assertEquals(logger.shown.length, 2 * refusals, JSON.stringify(logger.shown));
      assertEquals(
        logger.shown.every(({ fields }) => fields["event"] === "connection_refused"),
        true,
      );
    }
  });

  if (isNative) continue;
  Deno.test(`${scheme}: a server of one's own refuses requests for hosts that it is not before the upgrade`, () => {
    for (
      const [allowHosts, host, status] of [
        ...CASES,
        [undefined, "grid.example", "101"] as const,
        [undefined, "127.0.0.1", "101"] as const,
      ]
    ) {
      const logger = new QuietLogger(), local = `${scheme}://grid.example:1`;
      const grid = new Manager({
        local,
        hosts: [local],
        logger,
        allowUnauthenticated: true,
        ...(allowHosts && { allowHosts }),
      });
      for (let i = 0; i < 2; i++) {
        const asked = host.replace("PORT", "1");
        const request = new Request("http://127.0.0.1/internode", { headers: { host: asked } });
        // 426: it may go on, and is no request for WebSocket.
        assertEquals(grid.upgrade(request).status, status === "101" ? 426 : Number(status), asked);
      }
      // Whoever makes requests without the field has the host in the URL.
      const bare = new Request("http://evil.example/internode");
      assertEquals(grid.upgrade(bare).status, allowHosts?.[0] === "*" ? 426 : 421);
      const refusals = new Set([status, allowHosts?.[0] === "*" ? "101" : "421"]);
      refusals.delete("101");
      assertEquals(
        logger.shown.map(({ fields }) => fields["event"]),
        [
          ...refusals,
        ].map(() => "connection_refused"),
      );
    }
  });
}

Deno.test({
  name: "who dials by a name that the host does not have is told which option to look at",
  ignore: !NET,
}, async () => {
  const transport = webSocketTransport();
  const listener = await transport.listen(parseHostAddress("ws://:0"), {
    accept: (channel) => channel.close(),
    path: "/",
  });
  using proxy = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  // Stands for whatever has rewritten the field.
  const relayed = (async () => {
    using near = await proxy.accept();
    using far = await Deno.connect({ hostname: "127.0.0.1", port: listener.address.port });
    const bytes = new Uint8Array(4_096), count = await near.read(bytes);
    const text = new TextDecoder().decode(bytes.subarray(0, count!));
    await far.write(new TextEncoder().encode(text.replace(/host: .*/i, "Host: public.example")));
    const answer = await far.read(bytes);
    await near.write(bytes.subarray(0, answer!));
  })();
  const signal = new AbortController().signal;
  const address = parseHostAddress(`ws://127.0.0.1:${proxy.addr.port}`);
  const error = await assertRejects(
    () => transport.dial(address, { signal, path: "/" }),
    InternodeError,
    "allowHosts",
  );
  assertEquals(error.code, "PermissionDenied");
  await relayed;
  await listener.close();
});
