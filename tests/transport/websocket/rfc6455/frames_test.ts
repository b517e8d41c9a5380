import { assert, assertEquals } from "@std/assert";
import type { ReaderRole } from "../../../../lib/transport/websocket/web_socket_reader.ts";
import { closeCases } from "./close_cases.ts";
import { type FrameCase, runCase } from "./frame_case.ts";
import { headerCases } from "./header_cases.ts";
import { messageCases } from "./message_cases.ts";

const ROLES: readonly ReaderRole[] = ["server", "client"];
const KINDS: readonly (readonly [string, readonly FrameCase[]])[] = [
  ["messages and fragments", messageCases],
  ["headers and control frames", headerCases],
  ["closing", closeCases],
];

for (const role of ROLES) {
  for (const [kind, cases] of KINDS) {
    Deno.test(`RFC 6455 as ${role}: ${kind}, ${cases.length} cases`, async () => {
      for (const one of cases) await runCase(one, role);
    });
  }
}

Deno.test("RFC 6455: the cases are many, and each stands once", () => {
  const names = KINDS.flatMap(([, cases]) => cases.map(({ name }) => name));
  assert(names.length >= 300, `${names.length} cases`);
  assertEquals(new Set(names).size, names.length);
});
