import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { RefusedRequest } from "../../../../lib/transport/websocket/refused_request.ts";
import { acceptWebSocket } from "../../../../lib/transport/websocket/web_socket_acceptor.ts";
import { type RequestCase, requestCases } from "./request_cases.ts";
import { WireEnd } from "./wire_end.ts";

const CHOPS: readonly number[] = [1, 2, 5, Infinity];
const RULES = {
  path: "/internode",
  hostname: "node-1.example",
  allowHosts: ["a", "other.example"],
};
const latin1 = (text: string): Uint8Array => Uint8Array.from(text, (c) => c.charCodeAt(0));

async function ask({ name, said, status }: RequestCase, chopBytes: number): Promise<void> {
  const where = `${name}, ${chopBytes} bytes at a time`;
  const wire = new WireEnd(latin1(said), chopBytes);
  wire.leave();
  let answered = 101;
  try {
    await acceptWebSocket(wire, RULES);
  } catch (error) {
    assert(error instanceof RefusedRequest, `${where}: ${error}`);
    answered = error.status;
  }
  const answer = new TextDecoder().decode(wire.written);
  assertEquals(answered, status, `${where}: ${answer}`);
  assert(answer.startsWith(`HTTP/1.1 ${status} `), `${where}: ${answer}`);
  // Nothing that was offered is taken.
  assert(!/sec-websocket-(?:extensions|protocol)/i.test(answer), where);
  if (status !== 101) assertStringIncludes(answer, "close\r\n", where);
  const [head, ...bodies] = answer.split("\r\n\r\n");
  const fields = head!.split("\r\n").slice(1);
  const isVersionTold = fields.includes("Sec-WebSocket-Version: 13");
  assertEquals(isVersionTold, status === 426, where);
  if (status === 101) {
    const isAccepted = fields.some((field) => field.startsWith("Sec-WebSocket-Accept: "));
    assertEquals([isAccepted, bodies], [true, [""]], where);
  }
}

Deno.test(`RFC 6455 as server: requests, ${requestCases.length} cases`, async () => {
  for (const one of requestCases) {
    for (const chopBytes of one.chops ?? CHOPS) await ask(one, chopBytes);
  }
});

Deno.test("RFC 6455 as server: the requests are many, and each stands once", () => {
  const names = requestCases.map(({ name }) => name);
  assert(names.length >= 100, `${names.length} cases`);
  assertEquals(new Set(names).size, names.length);
});
