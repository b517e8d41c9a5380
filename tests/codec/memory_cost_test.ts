/**
 * How much memory decoded values are said to take, and how much they do.
 *
 * @module
 */

import { assert, assertEquals, assertThrows } from "@std/assert";
import * as t from "../../lib/codec/mod.ts";
import { InternodeError } from "../../lib/errors.ts";
import { DecodedMemory, DecodedShare } from "../../lib/wire/decoded_memory.ts";
import { hex } from "./support.ts";

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
