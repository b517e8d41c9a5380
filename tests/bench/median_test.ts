/** The middle of several values. @module */

import { assertEquals } from "@std/assert";
import { median } from "../../bench/support/median.ts";

Deno.test("the middle is that by size, and leaves the values as they are", () => {
  const values = [10, 9, 100];
  assertEquals(median(values), 10);
  assertEquals(values, [10, 9, 100]);
  assertEquals(median([2, 1]), 2);
  assertEquals(median([]), NaN);
});
