import { assertEquals } from "@std/assert";
import { judgeRequest } from "../../../lib/cli/web/http_request.ts";
import { traceFilter } from "../../../lib/cli/web/trace_filter.ts";
import { parseHead } from "../../../lib/transport/websocket/http_head.ts";

const TOKEN = "0123456789abcdef0123456789abcdef";

/** What comes of a request: what is served, or the status of its refusal. */
function judge(
  first: string,
  fields: readonly string[] = ["host: 127.0.0.1:8080"],
  token: string | null = null,
): string | number {
  const text = [first, ...fields, "", ""].join("\r\n");
  const rules = { hostname: "127.0.0.1", allowHosts: ["ops.example"], token };
  const asked = judgeRequest(parseHead(new TextEncoder().encode(text)), rules);
  return asked.kind === "refused" ? asked.status : asked.kind;
}

Deno.test("the page, the state and traces are served, and nothing else", () => {
  assertEquals(judge("GET / HTTP/1.1"), "page");
  assertEquals(judge("GET /?x=1 HTTP/1.1"), "page");
  assertEquals(judge("GET /state HTTP/1.1"), "state");
  assertEquals(judge("GET /trace?errors=1 HTTP/1.1"), "trace");
  for (const path of ["/x", "/state/", "//", "/../state", "/%73tate", "/State"]) {
    assertEquals(judge(`GET ${path} HTTP/1.1`), 404, path);
  }
  for (const method of ["POST", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"]) {
    assertEquals(judge(`${method} /state HTTP/1.1`), 405, method);
  }
});

Deno.test("what is no HTTP/1.1 request is refused", () => {
  for (
    const first of [
      "GET / HTTP/1.0",
      "GET / HTTP/2",
      "GET http://a/ HTTP/1.1",
      "get / HTTP/1.1",
      "GET  / HTTP/1.1",
      "x",
    ]
  ) {
    assertEquals(judge(first), 400, first);
  }
  assertEquals(judge("GET / HTTP/1.1", ["host: 127.0.0.1", " folded"]), 400);
  assertEquals(judge("GET / HTTP/1.1", ["host: 127.0.0.1", "content-length: 5"]), 400);
  assertEquals(judge("GET / HTTP/1.1", ["host: 127.0.0.1", "transfer-encoding: chunked"]), 400);
});

Deno.test("a host that is no name of the server is refused, as DNS rebinding would have it", () => {
  for (const host of ["127.0.0.1", "127.0.0.1:8080", "localhost:1", "[::1]:8080", "ops.example"]) {
    assertEquals(judge("GET / HTTP/1.1", [`host: ${host}`]), "page", host);
  }
  for (const host of ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:8080"]) {
    for (const path of ["/", "/state", "/trace"]) {
      assertEquals(judge(`GET ${path} HTTP/1.1`, [`host: ${host}`]), 421, host);
    }
  }
  assertEquals(judge("GET / HTTP/1.1", []), 400);
  assertEquals(judge("GET / HTTP/1.1", ["host: localhost", "host: evil.example"]), 400);
});

Deno.test("with a token, what nodes tell is served to nobody without it", () => {
  const asks = (...fields: string[]) =>
    judge("GET /state HTTP/1.1", ["host: localhost", ...fields], TOKEN);
  assertEquals(asks(`authorization: Bearer ${TOKEN}`), "state");
  assertEquals(asks(), 401);
  assertEquals(asks("authorization: Bearer"), 401);
  assertEquals(asks(`authorization: Basic ${TOKEN}`), 401);
  assertEquals(asks(`authorization: Bearer ${TOKEN.slice(1)}`), 401);
  assertEquals(asks(`authorization: Bearer ${TOKEN}0`), 401);
  assertEquals(asks(`authorization: Bearer ${TOKEN.toUpperCase()}`), 401);
  assertEquals(asks(`cookie: token=${TOKEN}`), 401);
  assertEquals(judge(`GET /state?token=${TOKEN} HTTP/1.1`, ["host: localhost"], TOKEN), 401);
  const twice = `authorization: Bearer ${TOKEN}`;
  assertEquals(asks(twice, twice), 400);
  assertEquals(judge("GET / HTTP/1.1", ["host: localhost"], TOKEN), "page");
});

Deno.test("other sites' pages get nothing of what nodes tell", () => {
  const asks = (site: string) =>
    judge("GET /state HTTP/1.1", ["host: localhost", `sec-fetch-site: ${site}`]);
  assertEquals(["same-origin", "none"].map(asks), ["state", "state"]);
  assertEquals(["cross-site", "same-site", "x"].map(asks), [403, 403, 403]);
});

Deno.test("a trace's filter is read, and what makes no sense is refused", () => {
  const read = (query: string) => traceFilter(new URLSearchParams(query));
  assertEquals(read("handler=&node=a&errors=1&slow=2.5&direction=incoming&x=y"), {
    handler: undefined,
    node: "a",
    host: undefined,
    direction: "incoming",
    errorsOnly: true,
    slowerThanMs: 2.5,
  });
  for (
    const query of ["slow=x", "slow=-1", "slow=Infinity", "direction=up", `node=${"x".repeat(513)}`]
  ) {
    assertEquals(typeof read(query), "string", query);
  }
});
