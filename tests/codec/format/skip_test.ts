/** Values of every kind are passed over whole, and no further. @module */

import { assertEquals } from "@std/assert";
import { skipHead, skipValue } from "../../../lib/codec/format/skip.ts";
import { ByteReader } from "../../../lib/wire/byte_reader.ts";
import { assertProblem, hex } from "../support.ts";

function readerOf(bytes: Uint8Array): ByteReader {
  const reader = new ByteReader();
  reader.reset(bytes, 0, bytes.length);
  return reader;
}

/** The value of that head, with as many bytes behind it, and how many values are within it. */
const HEADS: [head: string, after: number, inside?: number][] = [
  ["00", 0],
  ["7f", 0],
  ["e0", 0],
  ["ff", 0],
  ["80", 0, 0],
  ["8f", 0, 30],
  ["90", 0, 0],
  ["9f", 0, 15],
  ["a0", 0],
  ["bf", 31],
  ["c0", 0],
  ["c2", 0],
  ["c3", 0],
  ["c403", 3],
  ["c50103", 259],
  ["c600010003", 65_539],
  ["c703", 4],
  ["c80103", 260],
  ["c900010003", 65_540],
  ["ca", 4],
  ["cb", 8],
  ["cc", 1],
  ["cd", 2],
  ["ce", 4],
  ["cf", 8],
  ["d0", 1],
  ["d1", 2],
  ["d2", 4],
  ["d3", 8],
  ["d4", 2],
  ["d5", 3],
  ["d6", 5],
  ["d7", 9],
  ["d8", 17],
  ["d903", 3],
  ["da0103", 259],
  ["db00010003", 65_539],
  ["dc0103", 0, 259],
  ["dd00010003", 0, 65_539],
  ["de0103", 0, 518],
  ["df00010003", 0, 131_078],
];

for (const [head, after, inside = 0] of HEADS) {
  Deno.test(`what begins with ${head} is passed over to the byte, and refused if one is missing`, () => {
    const own = head.length / 2 + after, bytes = new Uint8Array(own + inside + 3);
    bytes.set(hex(head));
    const reader = readerOf(bytes);
    assertEquals([skipHead(reader), reader.position], [inside, own]);
    const whole = readerOf(bytes);
    skipValue(whole);
    assertEquals(whole.position, own + inside);
    assertProblem(() => skipHead(readerOf(bytes.subarray(0, own - 1))), "is cut off");
    assertProblem(() => skipValue(readerOf(bytes.subarray(0, own + inside - 1))), "is cut off");
  });
}

Deno.test("containers in containers are passed over together", () => {
  // [{ "a": [1, []] }, nil], and a number behind it.
  const reader = readerOf(hex("92 81 a161 92 01 90 c0 05"));
  skipValue(reader);
  assertEquals([reader.position, reader.remaining], [8, 1]);
});

Deno.test("more values than there are bytes are refused at once", () => {
  assertProblem(() => skipValue(readerOf(hex("92 9f 00 00 00"))), "is cut off");
  assertProblem(() => skipValue(readerOf(hex("ddffffffff"))), "is cut off");
  // That there is too little is seen before what there is.
  assertProblem(() => skipValue(readerOf(hex("92c1"))), "is cut off");
  assertProblem(() => skipValue(readerOf(hex("92c101"))), "the byte c1");
});

Deno.test("the byte that MessagePack never uses is no value", () => {
  assertProblem(() => skipValue(readerOf(hex("c1"))), "the byte c1");
});
