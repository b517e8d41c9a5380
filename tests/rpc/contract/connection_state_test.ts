import { assertEquals } from "@std/assert";
import { type ConnectionState, mayFollow } from "../../../lib/rpc/contract/connection_state.ts";

const STATES: readonly ConnectionState[] = ["connecting", "connected", "disconnected", "closed"];

Deno.test("the table has the transitions that its description has, and no others", () => {
  const table = STATES.map((from) => STATES.filter((to) => mayFollow(from, to)));
  assertEquals(table, [
    ["connected", "disconnected", "closed"],
    ["connecting", "connected", "disconnected", "closed"],
    ["connected", "closed"],
    [],
  ]);
});
