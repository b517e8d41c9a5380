/** What pauses of a machine mean for requests. @module */

import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { measurePauses, pausesOf } from "../../bench/support/pauses.ts";

Deno.test("a request waits for the rest of the pause in which it comes", () => {
  // Of a second 20 ms are two pauses: 1 % of all moments lie in the first half of either.
  const { p99Us, p999Us, maxUs } = pausesOf([10_000, 10_000], 1e6);
  assertAlmostEquals(p99Us, 5_000, 1);
  assertAlmostEquals(p999Us, 9_500, 1);
  assertEquals(maxUs, 10_000);
  assertEquals(pausesOf([], 1e6), { p99Us: 0, p999Us: 0, maxUs: 0 });
});

Deno.test("pauses of this machine are in order", () => {
  const { p99Us, p999Us, maxUs } = measurePauses(0.02);
  assert(p99Us <= p999Us && p999Us <= maxUs);
});
