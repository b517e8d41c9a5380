/**
 * How much memory decoded values are said to take, and how much they do.
 *
 * @module
 */

import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  DATE_BYTES,
  EMPTY_LIST_BYTES,
  ENTRY_BYTES,
  FIELD_BYTES,
  KEY_BYTES,
  LIST_BYTES,
  MAP_BYTES,
  memoryOf,
  OBJECT_BYTES,
  PLACE_BYTES,
  PLAIN_OBJECT_BYTES,
  SCALAR_BYTES,
  TEXT_BYTES,
  UNKNOWN_BYTES,
  VIEW_BYTES,
} from "../../../lib/codec/format/memory_cost.ts";
import * as t from "../../../lib/codec/mod.ts";
import { InternodeError } from "../../../lib/errors.ts";
import { DecodedMemory, DecodedShare } from "../../../lib/wire/decoded_memory.ts";
import { hex } from "../support.ts";

function decodedBytes<T>(codec: t.Codec<T>, bytes: Uint8Array): number {
  const reader = new t.ByteReader();
  reader.reset(bytes, 0, bytes.length);
  codec.decode(reader);
  return reader.decodedBytes;
}

Deno.test("what a message of a few fields takes is not counted", () => {
  const Small = t.record({ a: t.uint(), b: t.string(), c: t.optional(t.timestamp()) });
  assertEquals(decodedBytes(Small, t.toBytes(Small, { a: 1, b: "text" })), 0);
});

Deno.test("lists and maps are counted before they are read", () => {
  const Maps = t.list(t.map(t.uint()));
  for (const [codec, head] of [[Maps, "dd 00010000"], [t.dynamic(), "dd 00010000"]] as const) {
    const bytes = new Uint8Array(5 + 65_536);
    bytes.set(hex(head));
    // The first item is none.
    bytes[5] = 0xc1;
    const reader = new t.ByteReader();
    reader.room = new DecodedShare(new DecodedMemory(1_000_000));
    reader.reset(bytes, 0, bytes.length);
    const error = assertThrows(() => codec.decode(reader), InternodeError, "bytes of memory");
    assertEquals([error.code, error.origin], ["MessageTooLarge", "remote"]);
  }
});

Deno.test("what would fit if nothing else were held is refused as an overload", () => {
  const share = new DecodedShare(new DecodedMemory(1_000_000));
  const Numbers = t.list(t.uint());
  const bytes = t.toBytes(Numbers, Array.from({ length: 10_000 }, () => 1));
  const decode = (): unknown => {
    const reader = new t.ByteReader();
    reader.room = share;
    reader.reset(bytes, 0, bytes.length);
    return Numbers.decode(reader);
  };
  decode();
  share.hold(300_000);
  assertEquals(share.roomBytes, 200_000);
  const error = assertThrows(decode, InternodeError, "leave no room");
  assertEquals(error.code, "Overloaded");
  share.giveBack(300_000);
  decode();
});

Deno.test("values within codecs that are not ours are counted too, and their errors stay what they are", () => {
  const Own: t.Codec<number[]> = {
    encode: (value, writer) => t.list(t.uint()).encode(value, writer),
    decode: (reader) => t.list(t.uint()).decode(reader),
  };
  const Lists = t.record({ lists: t.list(Own) });
  const bytes = t.toBytes(Lists, { lists: Array.from({ length: 100 }, () => [1]) });
  assert(decodedBytes(Lists, bytes) > 100 * 200);
  const reader = new t.ByteReader();
  reader.room = new DecodedShare(new DecodedMemory(30_000));
  reader.reset(bytes, 0, bytes.length);
  assertEquals(assertThrows(() => Lists.decode(reader), InternodeError).code, "MessageTooLarge");
});

const Own: t.Codec<number> = {
  encode: (value, writer) => t.uint().encode(value, writer),
  decode: (reader) => t.uint().decode(reader),
};
const Named = t.record({ name: t.string(), at: t.optional(t.timestamp()) });
const Shape = t.union("kind", { a: t.record({ n: t.uint() }), b: t.record({}) });

/** Codecs, what each of their values takes in a list, and what two of them take beyond that. */
const COSTS: [
  what: string,
  codec: t.Codec<unknown>,
  value: unknown,
  each: number,
  more?: number,
][] = [
  ["booleans", t.boolean(), true, 0],
  ["whole numbers", t.uint(), 5, SCALAR_BYTES],
  ["negative numbers", t.int(), -5, SCALAR_BYTES],
  ["floats", t.float(), 0.5, SCALAR_BYTES],
  ["bigints", t.bigint(), 2n ** 80n, TEXT_BYTES],
  ["constants", t.enumeration(["a"]), "a", 0],
  ["texts", t.string(), "abc", TEXT_BYTES],
  ["texts with a limit", t.string({ maxBytes: 3 }), "abc", TEXT_BYTES],
  ["texts that are not ASCII", t.string(), "ä", TEXT_BYTES, 2 * 2],
  ["long texts", t.string(), "a".repeat(101), TEXT_BYTES, 2 * 101],
  ["texts up to 100 bytes", t.string(), "a".repeat(100), TEXT_BYTES],
  ["bytes", t.bytes(), hex("0102"), VIEW_BYTES],
  ["times", t.timestamp(), new Date(5), DATE_BYTES],
  ["values that may be nil", t.nullable(t.timestamp()), null, DATE_BYTES],
  ["empty lists", t.list(t.uint()), [], EMPTY_LIST_BYTES],
  [
    "lists",
    t.list(t.uint()),
    [1, 2, 3],
    EMPTY_LIST_BYTES,
    2 * (LIST_BYTES + 3 * (PLACE_BYTES + SCALAR_BYTES)),
  ],
  [
    "tuples",
    t.tuple([t.uint(), t.string()]),
    [1, "a"],
    EMPTY_LIST_BYTES + LIST_BYTES + 2 * PLACE_BYTES + SCALAR_BYTES + TEXT_BYTES,
  ],
  ["empty maps", t.map(t.uint()), new Map(), MAP_BYTES],
  [
    "maps",
    t.map(t.uint()),
    new Map([["a", 1], ["b", 2]]),
    MAP_BYTES,
    2 * 2 * (ENTRY_BYTES + SCALAR_BYTES),
  ],
  [
    "records",
    Named,
    { name: "a" },
    OBJECT_BYTES + 2 * FIELD_BYTES + TEXT_BYTES + DATE_BYTES,
  ],
  ["unions", Shape, { kind: "a", n: 1 }, 0, 2 * (OBJECT_BYTES + 2 * FIELD_BYTES + SCALAR_BYTES)],
  ["smaller variants", Shape, { kind: "b" }, 0, 2 * (OBJECT_BYTES + FIELD_BYTES)],
  ["lazy values", t.lazy(() => t.timestamp()), new Date(5), 0, 2 * DATE_BYTES],
  ["values of users' own codecs", Own, 5, UNKNOWN_BYTES],
  ["dynamic numbers", t.dynamic(), 5, 0],
  ["dynamic bytes", t.dynamic(), hex("01"), 0, 2 * VIEW_BYTES],
  ["dynamic empty lists", t.dynamic(), [], 0, 2 * EMPTY_LIST_BYTES],
  [
    "dynamic lists",
    t.dynamic(),
    [1, 2, 3],
    0,
    2 * (EMPTY_LIST_BYTES + LIST_BYTES + 3 * (PLACE_BYTES + TEXT_BYTES)),
  ],
  ["dynamic empty objects", t.dynamic(), {}, 0, 2 * PLAIN_OBJECT_BYTES],
  [
    "dynamic objects",
    t.dynamic(),
    { a: 1, b: 2 },
    0,
    2 * (PLAIN_OBJECT_BYTES + 2 * (KEY_BYTES + TEXT_BYTES)),
  ],
];

for (const [what, codec, value, each, more = 0] of COSTS) {
  Deno.test(`what ${what} take is counted once for each`, () => {
    const List = t.list(codec);
    assertEquals(
      decodedBytes(List, t.toBytes(List, [value, value])),
      LIST_BYTES + 2 * (PLACE_BYTES + each) + more,
    );
  });
}

Deno.test("a message's own bytes count while its values do, and a message may take all the room there is", () => {
  const List = t.list(t.uint()), bytes = t.toBytes(List, [1]);
  const wanted = LIST_BYTES + PLACE_BYTES + SCALAR_BYTES;
  const reader = new t.ByteReader();
  // One message may have half of what there is.
  reader.room = new DecodedShare(new DecodedMemory(2 * wanted));
  reader.reset(bytes, 0, bytes.length);
  assertEquals(memoryOf(reader, bytes.length), 0);
  assertEquals(List.decode(reader), [1]);
  assertEquals(memoryOf(reader, bytes.length), wanted + bytes.length);
  reader.room = new DecodedShare(new DecodedMemory(2 * (wanted - 1)));
  reader.reset(bytes, 0, bytes.length);
  const error = assertThrows(() => List.decode(reader), InternodeError, `more than ${wanted - 1} `);
  assertEquals(error.code, "MessageTooLarge");
});

Deno.test("what is empty is read though there is no room left at all", () => {
  const share = new DecodedShare(new DecodedMemory(1_000));
  share.hold(600);
  for (const [codec, bytes] of [[t.list(t.uint()), "90"], [t.map(t.uint()), "80"]] as const) {
    const reader = new t.ByteReader();
    reader.room = share;
    reader.reset(hex(bytes), 0, 1);
    codec.decode(reader);
    assertEquals([reader.remaining, reader.decodedBytes], [0, 0]);
  }
});

Deno.test("what is a part of something takes less than the whole", () => {
  // A Map keeps key, value and the next entry of a chain, and half of its table may be empty.
  assert(ENTRY_BYTES >= TEXT_BYTES + 2 * 3 * SCALAR_BYTES);
  // A list begins with 17 places.
  assert(LIST_BYTES >= 17 * SCALAR_BYTES);
});
