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

Deno.test("a reader that was given nothing, or has let go, has nothing", () => {
  const reader = new ByteReader();
  assertEquals([reader.remaining, reader.owned, reader.items], [0, false, 0]);
  reader.reset(pattern(8), 2, 6, undefined, true);
  reader.release();
  assertEquals([reader.remaining, reader.owned, reader.bytes.length], [0, false, 0]);
});

Deno.test("a message begins with the count of items at 0, and with the usual bound", () => {
  const reader = new ByteReader(), usual = reader.maxItems;
  reader.items = 7;
  reader.maxItems = 8;
  reader.reset(pattern(8), 2, 6);
  assertEquals([reader.items, reader.maxItems], [0, usual]);
});

Deno.test("a message begins with nothing that its values take of memory", () => {
  const reader = new ByteReader();
  assertEquals(reader.decodedBytes, 0);
  reader.decodedBytes = 7;
  reader.reset(new Uint8Array(1), 0, 1);
  assertEquals(reader.decodedBytes, 0);
});

Deno.test("small copies share 64 KiB to the last byte, larger ones are alone", () => {
  const bytes = pattern(5_000), reader = new ByteReader();
  const take = (count: number): Uint8Array => {
    reader.reset(bytes, 0, bytes.length);
    return reader.takeBytes(count);
  };
  const shared = Array.from({ length: 16 }, () => take(4_096));
  assertEquals(
    shared.map(({ byteOffset }) => byteOffset),
    [...shared.keys()].map((n) => n * 4_096),
  );
  assertEquals(new Set(shared.map(({ buffer }) => buffer)).size, 1);
  assertEquals(shared[0]!.buffer.byteLength, 65_536);
  assertEquals(take(4_097).buffer.byteLength, 4_097);
  assertEquals([take(8).byteOffset, take(1).byteOffset], [0, 8], "there is another slab");
});

Deno.test("what is left goes into the caller's array, and memory that was the message's is freed", () => {
  for (const owned of [false, true]) {
    const bytes = pattern(8_192), target = new Uint8Array(8_192), reader = new ByteReader();
    reader.reset(bytes, 92, 8_192, undefined, owned);
    assertEquals(reader.readInto(target), 8_100);
    assertEquals(target.subarray(0, 8_100), pattern(8_192).subarray(92));
    assertEquals([reader.remaining, bytes.buffer.detached], [0, owned]);
    reader.reset(pattern(8), 0, 8);
    assertThrows(() => reader.readInto(new Uint8Array(7)), RangeError);
  }
});
