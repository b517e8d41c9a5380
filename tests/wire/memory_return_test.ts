import { assertEquals } from "@std/assert";
import { giveBack } from "../../lib/wire/memory_return.ts";

Deno.test("memory that belongs to bytes alone is freed at once", () => {
  const bytes = new Uint8Array(4_096);
  giveBack(bytes);
  assertEquals([bytes.length, bytes.buffer.detached], [0, true]);
});

Deno.test("memory that others use too, or of which there is little, is left alone", () => {
  const shared = new Uint8Array(8_192);
  giveBack(shared.subarray(0, 8_191));
  giveBack(new Uint8Array(new SharedArrayBuffer(8_192)));
  const small = new Uint8Array(4_095);
  giveBack(small);
  assertEquals([shared.length, small.length], [8_192, 4_095]);
});
