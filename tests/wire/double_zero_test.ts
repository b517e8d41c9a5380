import { assertEquals, assertStrictEquals } from "@std/assert";
import { DOUBLE_ZERO } from "../../lib/wire/double_zero.ts";

Deno.test("DOUBLE_ZERO counts as 0, and is not the small integer 0", () => {
  assertStrictEquals(DOUBLE_ZERO + 5, 5);
  assertEquals(Object.is(DOUBLE_ZERO, 0), false);
});
