import { assertEquals } from "@std/assert";
import { hexOf } from "../../lib/foreign/hex.ts";

Deno.test("bytes are written as two lower-case digits each", () => {
  const all = Uint8Array.from({ length: 256 }, (_, byte) => byte);
  assertEquals(hexOf(all), Array.from(all, (n) => n.toString(16).padStart(2, "0")).join(""));
  assertEquals(hexOf(all.subarray(9, 18)), "090a0b0c0d0e0f1011");
  assertEquals(hexOf(new Uint8Array()), "");
});
