/**
 * How many items a message may have in all.
 *
 * @module
 */

import { assertEquals, assertStrictEquals } from "@std/assert";
import * as t from "../../../lib/codec/mod.ts";
import { assertRefused, assertUnfit } from "../support.ts";

const IN_ALL = "items in all its lists and maps, over the limit of 1000000";

/** A MessagePack array with the same item again and again. */
function listOf(count: number, item: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(5 + count * item.length);
  bytes[0] = 0xdd;
  new DataView(bytes.buffer).setUint32(1, count);
  for (let at = 5; at < bytes.length; at += item.length) bytes.set(item, at);
  return bytes;
}

const one = (...bytes: number[]): Uint8Array<ArrayBuffer> => Uint8Array.from(bytes);

/** How many items a reader has counted after decoding. */
function countOf<T>(codec: t.Codec<T>, bytes: Uint8Array): number {
  const reader = new t.ByteReader();
  reader.reset(bytes, 0, bytes.length);
  codec.decode(reader);
  return reader.items;
}

interface Tree {
  left?: Tree;
  right?: Tree;
}
const Tree: t.Codec<Tree> = t.record({
  left: t.optional(t.lazy(() => Tree)),
  right: t.optional(t.lazy(() => Tree)),
}) as t.Codec<Tree>;

/** A full tree, which has 2 ** levels - 2 lazy values. */
function tree(levels: number): Tree {
  return levels <= 1 ? {} : { left: tree(levels - 1), right: tree(levels - 1) };
}

for (
  const [what, codec, bytes, items] of [
    ["a list", t.list(t.uint()), listOf(80, one(1)), 80],
    ["texts", t.list(t.string()), listOf(7, one(0xa1, 0x61)), 7],
    ["lists in lists", t.list(t.list(t.uint())), listOf(16, one(0x91, 1)), 16 + 16],
    ["empty lists", t.list(t.list(t.uint())), listOf(16, one(0x90)), 16],
    ["maps", t.list(t.map(t.uint())), listOf(3, one(0x81, 0xa1, 0x61, 1)), 3 + 3],
    ["a record", t.record({ a: t.uint() }), one(0x81, 0xa1, 0x61, 1), 0],
    ["dynamic values", t.list(t.dynamic()), listOf(2, one(0x92, 1, 0x90)), 2 + 2 * 3],
    ["lazy values", Tree, t.toBytes(Tree, tree(4)), 14],
  ] as const
) {
  Deno.test(`what ${what} count`, () => {
    assertEquals(countOf(codec as t.Codec<unknown>, bytes), items);
  });
}

Deno.test("lists within lists are bounded together, in both directions", () => {
  const Nested = t.list(t.list(t.list(t.uint())));
  const bytes = listOf(1_000, listOf(999, one(0x90)));
  assertEquals(countOf(Nested, bytes), 1_000_000);
  const tooMany = listOf(1_001, listOf(999, one(0x90)));
  assertUnfit(() => t.fromBytes(Nested, tooMany), "Cannot decode: [999] brings the message to");
  assertUnfit(() => t.fromBytes(Nested, tooMany), IN_ALL);
  const empty: number[][] = Array.from({ length: 999 }, () => []);
  const value = Array.from({ length: 1_000 }, () => empty);
  assertEquals(countOf(Nested, t.toBytes(Nested, value)), 1_000_000);
  assertUnfit(() => t.toBytes(Nested, [...value, empty]), IN_ALL);
});

Deno.test("maps, dynamic and lazy values are bounded with all others", () => {
  const Maps = t.list(t.map(t.uint()));
  const entry = one(0x81, 0xa1, 0x61, 1);
  assertEquals(countOf(Maps, listOf(500_000, entry)), 1_000_000);
  assertUnfit(() => t.fromBytes(Maps, listOf(500_001, entry)), IN_ALL);
  const Any = t.list(t.dynamic());
  assertUnfit(() => t.fromBytes(Any, listOf(400_000, one(0x91, 1))), IN_ALL);
  assertUnfit(() => t.toBytes(Any, Array(400_000).fill([1])), IN_ALL);
  const Few: t.Codec<Tree> = t.record({
    left: t.optional(t.lazy(() => Few, { maxItems: 100 })),
    right: t.optional(t.lazy(() => Few, { maxItems: 100 })),
  }) as t.Codec<Tree>;
  assertEquals(t.fromBytes(Few, t.toBytes(Tree, tree(6))), tree(6));
  assertUnfit(() => t.fromBytes(Few, t.toBytes(Tree, tree(7))), "has 101 items, over its limit");
  assertUnfit(() => t.toBytes(Few, tree(7)), "has 101 items, over its limit maxItems of 100");
  assertRefused(() => t.lazy(() => Few, { maxItems: -1 }), "maxItems");
});

Deno.test("a contract that allows more is taken at its word, wherever in it that stands", () => {
  const maxItems = 1_200_000;
  const many = listOf(1_001, listOf(1_000, one(0x90)));
  const value = t.fromBytes(t.list(t.list(t.list(t.uint())), { maxItems }), many);
  assertStrictEquals(value.length, 1_001);
  const Inner = t.list(t.list(t.list(t.uint()), { maxItems }));
  assertStrictEquals(t.fromBytes(Inner, many).length, 1_001);
  assertEquals(countOf(Inner, t.toBytes(Inner, value)), 1_002_001);
  assertUnfit(
    () => t.fromBytes(Inner, listOf(1_201, listOf(1_000, one(0x90)))),
    "over the limit of 1200000 (the largest maxItems of its contract)",
  );
});

Deno.test("each message is counted anew", () => {
  const List = t.list(t.uint());
  const bytes = listOf(600_000, one(1));
  const reader = new t.ByteReader(), writer = new t.ByteWriter();
  for (let i = 0; i < 3; i++) {
    reader.reset(bytes, 0, bytes.length);
    assertStrictEquals(List.decode(reader).length, 600_000);
    writer.position = 0;
    List.encode(new Array(600_000).fill(1), writer);
    assertUnfit(() => t.list(List).encode([[], ["x"] as unknown as number[]], writer), "[1][0]");
    assertStrictEquals(writer.items, 0);
  }
});

Deno.test("a codec of a user's own that calls another one does not begin to count anew", () => {
  const inner = t.list(t.uint());
  const own: t.Codec<number[]> = {
    encode: (value, writer) => inner.encode(value, writer),
    decode: (reader) => inner.decode(reader),
  };
  assertEquals(countOf(t.list(own), listOf(8, one(0x91, 1))), 16);
  assertUnfit(() => t.fromBytes(t.list(own), listOf(600_000, one(0x91, 1))), IN_ALL);
});
