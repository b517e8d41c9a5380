import { assertEquals, assertStrictEquals } from "@std/assert";
import { DOUBLE_ZERO } from "../../lib/wire/double_zero.ts";

Deno.test("what V8 keeps as a double counts as 0, and is no integer", () => {
  assertStrictEquals(DOUBLE_ZERO + 5, 5);
  assertEquals(Object.is(DOUBLE_ZERO, 0), false);
});
