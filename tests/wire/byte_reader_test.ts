import { assert, assertEquals, assertThrows } from "@std/assert";
import { ByteReader } from "../../lib/wire/byte_reader.ts";

function pattern(length: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length }, (_, i) => (i * 37 + 11) & 0xff);
}

Deno.test("bytes of any length and from any offset are copied whole, and nothing beside them", () => {
  const bytes = pattern(5_000);
  const reader = new ByteReader();
  const kept: { readonly taken: Uint8Array; readonly from: number }[] = [];
  const lengths = [...Array(300).keys(), 511, 512, 4_095, 4_096, 4_097];
  for (const [turn, length] of lengths.entries()) {
    const from = turn % 9;
    reader.reset(bytes, from, from + length);
    kept.push({ taken: reader.takeBytes(length), from });
    assertEquals(reader.remaining, 0);
  }
  // All of them are looked at last, as a copy could have overwritten the one before.
  for (const { taken, from } of kept) {
    assertEquals(taken, bytes.slice(from, from + taken.length));
  }
});

Deno.test("what is taken stays as it was when the message is overwritten, unless it is owned", () => {
  const bytes = pattern(1_000);
  const expected = bytes.slice(100, 164);
  const reader = new ByteReader();
  reader.reset(bytes, 100, 1_000);
  const taken = reader.takeBytes(64);
  reader.reset(bytes, 100, 1_000, undefined, true);
  const owned = reader.takeBytes(64);
  bytes.fill(0);
  assertEquals(taken, expected);
  assertEquals(owned, new Uint8Array(64));
});

Deno.test("a view into a larger buffer is read from where it begins", () => {
  const bytes = pattern(200).subarray(50);
  const reader = new ByteReader();
  reader.reset(bytes, 3, 90);
  assertEquals(reader.takeBytes(87), bytes.slice(3, 90));
});

Deno.test("more than there is cannot be taken", () => {
  const reader = new ByteReader();
  reader.reset(pattern(8), 2, 6);
  assertThrows(() => reader.takeBytes(5), RangeError);
  assertThrows(() => reader.takeBytes(-1), RangeError);
  assert(reader.remaining === 4);
});
