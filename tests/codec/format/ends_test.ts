/** What stands behind a message in its buffer is never taken for a part of it, and what just fits needs no more room. @module */

import { assertEquals, assertStrictEquals } from "@std/assert";
import { writeArrayHead, writeMapHead } from "../../../lib/codec/format/format.ts";
import { writeInteger64 } from "../../../lib/codec/format/integer.ts";
import * as t from "../../../lib/codec/mod.ts";
import { skipValue } from "../../../lib/codec/format/skip.ts";
import { ByteWriter } from "../../../lib/wire/byte_writer.ts";
import { interpretList, interpretRecord } from "../interpreted.ts";
import { assertProblem, hex, toHex } from "../support.ts";

/** A user's own codec that takes everything up to the end. */
const Own: t.Codec<number | null> = {
  nullable: true,
  encode: (value, writer) => t.uint().encode(value!, writer),
  decode: (reader) => t.uint().decode(reader),
};

const Shape = t.union("kind", { a: t.record({ n: t.nullable(t.uint()) }), b: t.record({}) });

/** Codecs, each with the bytes of values, our own and some that only others write. */
const SAMPLES: [codec: t.Codec<unknown>, ...bytes: string[]][] = [
  [t.boolean(), "c3", "c2"],
  [t.uint(), "05", "ccff", "cdffff", "ceffffffff", "cf00000001ffffffff", "cb4014000000000000"],
  [t.int(), "ff", "d0ff", "d1ffff", "d2ffffffff", "d3ffffffffffffffff"],
  [t.float(), "cb3ff8000000000000", "ca3fc00000", "05"],
  [t.bigint(), "05", "cfffffffffffffffff", "c409010000000000000000", "c50001ff"],
  [t.string(), "a0", "a3616263", "d90161", "da000161", "db0000000161", "a2c3a4"],
  [t.string({ maxBytes: 4 }), "a3616263", "d90161"],
  [t.bytes(), "c400", "c40107", "c5000107", "c60000000107"],
  [t.timestamp(), "d6ff00000001", "d7ff7735940000000001", "c70cff3b8b87c0ffffffffffffffff"],
  [t.enumeration(["read", "write"]), "a472656164", "d9057772697465"],
  [t.literal(5), "05", "cd0005"],
  [t.nullable(t.uint()), "c0", "cc80"],
  [t.list(Own), "91c0", "92cc80c0"],
  [t.list(t.uint()), "90", "920102", "dc0001cc80"],
  [t.list(t.string()), "92a161a0", "91d90161"],
  [t.tuple([t.uint(), t.nullable(t.string())]), "9201c0", "92cc80a161"],
  [t.map(t.nullable(t.uint())), "80", "81a161c0", "de0001a161cc80"],
  [
    t.record({ a: t.uint(), bc: t.nullable(t.string()) }),
    "82a16105a26263c0",
    "83a26263a178a16105a17a91c0",
    "82d90161cc80da00026263a161",
  ],
  [interpretList(t.string(), 9), "92a161a0", "91d90161"],
  [
    interpretRecord(t.record({ a: t.uint(), bc: t.nullable(t.string()) })),
    "82a16105a26263c0",
    "82a26263c0a16105",
    "83a26263a178a16105a17a91c0",
  ],
  [interpretRecord(t.record({ a: t.optional(t.uint()) })), "80", "81a16105", "82a17aa16ba16105"],
  [t.record({}), "80", "81a16191c0", "81c0d401ff"],
  [Shape, "82a46b696e64a161a16ec0", "83c0c0a16ecc80d9046b696e64a161", "81a46b696e64d90162"],
  [
    t.dynamic(),
    "c0",
    "c3",
    "05",
    "cd0100",
    "cfffffffffffffffff",
    "a161",
    "db0000000161",
    "c5000107",
    "92a161c0",
    "dd00000001c0",
    "82a161c005c3",
    "de0001a161c0",
  ],
];

/** What comes of reading up to `end`; which error, if none comes of it. */
function outcome(codec: t.Codec<unknown>, bytes: Uint8Array, end: number): unknown {
  const reader = new t.ByteReader();
  reader.reset(bytes, 0, end);
  try {
    return [codec.decode(reader), reader.position];
  } catch (error) {
    return String(error);
  }
}

for (const [codec, ...samples] of SAMPLES) {
  Deno.test(`a reader of ${samples.join(" and ")} stays within the message`, () => {
    for (const whole of samples.map(hex)) {
      assertEquals((outcome(codec, whole, whole.length) as unknown[])[1], whole.length);
      for (let end = 0; end < whole.length; end++) {
        const wanted = outcome(codec, whole.slice(0, end), end);
        assertEquals(typeof wanted, "string", "a value that is cut off is none");
        assertEquals(outcome(codec, whole, end), wanted);
        for (const behind of [0x00, 0x80, 0xa1, 0xc0, 0xc1, 0xc3, 0xc4, 0xd4, 0xd6, 0xd9, 0xff]) {
          const other = new Uint8Array(whole.length + 20).fill(behind);
          other.set(whole.subarray(0, end));
          const what = `${toHex(whole.subarray(0, end))}, then ${behind.toString(16)}`;
          assertEquals(outcome(codec, other, end), wanted, what);
          const reader = new t.ByteReader();
          reader.reset(other, 0, end);
          assertProblem(() => skipValue(reader), "is cut off");
        }
      }
    }
  });
}

/** What writes the longest form of something, and how many bytes that has. */
const LONGEST: [what: string, write: (writer: ByteWriter) => void, bytes: number][] = [
  ["a boolean", (writer) => t.boolean().encode(true, writer), 1],
  ["nil", (writer) => t.nullable(t.uint()).encode(null, writer), 1],
  [
    "nil within a tuple",
    (writer) => t.tuple([t.uint(), Own]).encode([2 ** 53 - 1, null], writer),
    11,
  ],
  ["a whole number", (writer) => t.uint().encode(Number.MAX_SAFE_INTEGER, writer), 9],
  ["a negative one", (writer) => t.int().encode(Number.MIN_SAFE_INTEGER, writer), 9],
  ["a float", (writer) => t.float().encode(0.5, writer), 9],
  ["64 bits", (writer) => writeInteger64(2n ** 64n - 1n, writer), 9],
  ["a time", (writer) => t.timestamp().encode(new Date(-1), writer), 15],
  ["a constant", (writer) => t.enumeration(["read"]).encode("read", writer), 5],
  ["an array's head", (writer) => writeArrayHead(65_536, writer), 5],
  ["a map's head", (writer) => writeMapHead(65_536, writer), 5],
  ["bytes", (writer) => t.bytes().encode(new Uint8Array(65_536), writer), 5 + 65_536],
];

for (const [what, write, bytes] of LONGEST) {
  Deno.test(`${what} at its longest makes no buffer grow that has just room for it`, () => {
    const writer = new ByteWriter(7 + bytes), buffer = writer.bytes;
    writer.position = 7;
    write(writer);
    assertStrictEquals(writer.bytes, buffer);
    const narrow = new ByteWriter(0);
    write(narrow);
    assertEquals(
      narrow.bytes.subarray(0, narrow.position),
      buffer.subarray(7, 7 + narrow.position),
    );
  });
}
