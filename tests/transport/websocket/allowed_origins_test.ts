import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { HandlerMap, listen, ws } from "../../../call.ts";
import { InternodeError } from "../../../lib/errors.ts";
import { originProblem, readOrigins } from "../../../lib/transport/websocket/allowed_origins.ts";
import { upgradeWebSocket } from "../../../lib/transport/websocket/web_socket_upgrade.ts";
import { Manager } from "../../../mod.ts";
import { QuietLogger } from "../../support/log/quiet.ts";
import { NET } from "../../support/permitted.ts";

Deno.test("a web page is let in only where its origin is named, in the spelling of browsers", () => {
  const allowed = readOrigins(["https://App.example:443/", "http://127.0.0.1:8080", "null"]);
  for (const origin of [null, "https://app.example", "http://127.0.0.1:8080", "null"]) {
    assertEquals(originProblem(origin, allowed), null);
  }
  const others = ["http://app.example", "https://app.example:8443", "https://app.example.evil", ""];
  for (const origin of [...others, "https://app.example, https://app.example"]) {
    assertEquals(originProblem(origin, allowed)?.includes("allowOrigins"), true, origin);
  }
  assertEquals(originProblem("https://any.example", readOrigins(["*"])), null);
});

Deno.test("what is no origin is refused where it is given", async () => {
  const wrong = ["app.example", "https://app.example/path", "https://*.example", "", 7 as never];
  for (const one of [...wrong.map((origin) => [origin]), "*" as never]) {
    const act = (): unknown => readOrigins(one);
    assertEquals(assertThrows(act, InternodeError, "allowOrigins").code, "InvalidArgument");
  }
  const given = { allowOrigins: ["nothing"] };
  assertThrows(() => new Manager({ local: "memory://a", hosts: [], ...given }), InternodeError);
  const listening = listen("memory://origins", new HandlerMap(), given);
  await assertRejects(() => listening, InternodeError, "allowOrigins");
});

/** What a listener answers to a page that wants to connect. */
async function answerTo(port: number, origin: string | null): Promise<string> {
  using conn = await Deno.connect({ hostname: "127.0.0.1", port });
  const field = origin === null ? "" : `Origin: ${origin}\r\n`;
  await conn.write(new TextEncoder().encode(
    `GET /internode HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUpgrade: websocket\r\n${field}` +
      "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n" +
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
  ));
  const bytes = new Uint8Array(1_024), count = await conn.read(bytes);
  return new TextDecoder().decode(bytes.subarray(0, count ?? 0)).slice(9, 12);
}

const CASES = [
  [undefined, null, "101"],
  [undefined, "https://evil.example", "403"],
  [undefined, "http://127.0.0.1", "403"],
  [["https://app.example"], "https://app.example", "101"],
  [["https://app.example"], "https://evil.example", "403"],
  [["*"], "https://evil.example", "101"],
] as const;

Deno.test(
  "listeners of both faces refuse web pages that no option names",
  { ignore: !NET },
  async () => {
    const logger = new QuietLogger();
    for (const [allowOrigins, origin, status] of CASES) {
      const more = { logger, ...(allowOrigins && { allowOrigins }) };
      const service = await listen(ws("ws://127.0.0.1:0"), new HandlerMap(), more);
      // Requests wait until somebody accepts.
      const accepting = service.accept().then(({ channel }) => channel.close(), () => {});
      assertEquals(await answerTo(Number(new URL(service.address).port), origin), status);
      await service.close();
      await accepting;
      const local = "ws://127.0.0.1:0";
      await using grid = new Manager({ local, hosts: [local], ...more });
      const server = await grid.listen();
      assertEquals(await answerTo(Number(new URL(server.address).port), origin), status);
    }
  },
);

Deno.test("a server of one's own refuses web pages before the upgrade", () => {
  for (const [allowOrigins, origin, status] of CASES) {
    const headers = new Headers(origin === null ? {} : { origin });
    const accept = (): never => {
      throw new Error("nobody comes in");
    };
    const request = new Request("http://127.0.0.1/internode", { headers });
    const answer = upgradeWebSocket(request, { accept, allowOrigins: readOrigins(allowOrigins) });
    // 426: it may go on, and is no request for WebSocket.
    assertEquals(answer.status, status === "403" ? 403 : 426);
  }
});
