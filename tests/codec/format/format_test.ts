/** The heads of MessagePack, each at its bounds, and what is said of a wrong one. @module */

import { assertEquals } from "@std/assert";
import {
  readArrayHead,
  readMapHead,
  writeArrayHead,
  writeMapHead,
  wrongType,
} from "../../../lib/codec/format/format.ts";
import { readInteger64, readNumber, writeInteger64 } from "../../../lib/codec/format/integer.ts";
import * as t from "../../../lib/codec/mod.ts";
import { ByteReader } from "../../../lib/wire/byte_reader.ts";
import { ByteWriter } from "../../../lib/wire/byte_writer.ts";
import { assertBytes, assertProblem, assertUnfit, hex, toHex, TYPES } from "../support.ts";

/** A reader of those bytes in the midst of others. */
function readerOf(text: string, more = 0): ByteReader {
  const bytes = Uint8Array.from([0xc1, ...hex(text), ...new Uint8Array(more), 0xc1]);
  const reader = new ByteReader();
  reader.reset(bytes, 1, bytes.length - 1);
  return reader;
}

function written(write: (writer: ByteWriter) => void): string {
  const writer = new ByteWriter(0);
  write(writer);
  return toHex(writer.bytes.subarray(0, writer.position));
}

Deno.test("what stands there instead is named, whatever its type byte", () => {
  for (const [first, last, name] of TYPES) {
    for (let head = first; head <= last; head++) {
      const reader = readerOf(head.toString(16).padStart(2, "0"));
      assertProblem(() => wrongType(reader, "it"), `must be it, but is ${name}`);
    }
  }
  assertProblem(() => wrongType(readerOf(""), "it"), "is cut off");
});

const HEADS = [
  [writeArrayHead, readArrayHead, 1, [[0, "90"], [15, "9f"], [16, "dc0010"], [65_535, "dcffff"], [
    65_536,
    "dd00010000",
  ]]],
  [writeMapHead, readMapHead, 2, [[0, "80"], [15, "8f"], [16, "de0010"], [65_535, "deffff"], [
    65_536,
    "df00010000",
  ]]],
] as const;

for (const [write, read, bytesEach, cases] of HEADS) {
  Deno.test(`${write.name} and ${read.name} agree at each bound, and no more items are believed than bytes can hold`, () => {
    for (const [count, head] of cases) {
      assertEquals(written((writer) => write(count, writer)), head);
      const reader = readerOf(head, count * bytesEach);
      assertEquals([read(reader, "it"), reader.remaining], [count, count * bytesEach]);
      if (count === 0) continue;
      const left = count * bytesEach - 1, what = bytesEach === 1 ? "items" : "entries";
      assertProblem(
        () => read(readerOf(head, left), "it"),
        `claims ${count} ${what}, and the message ends ${left} bytes later`,
      );
      for (let cut = 0; cut < head.length; cut += 2) {
        assertProblem(() => read(readerOf(head.slice(0, cut)), "it"), "is cut off");
      }
    }
    assertProblem(() => read(readerOf("c0"), "it"), "must be it, but is nil");
  });
}

Deno.test("what stands behind the message is not taken for a head of it", () => {
  for (const [read, head] of [[readArrayHead, 0x90], [readMapHead, 0x80]] as const) {
    const reader = new ByteReader();
    reader.reset(Uint8Array.of(head), 0, 0);
    assertProblem(() => read(reader, "it"), "is cut off: the message ends within it");
  }
});

Deno.test("integers take as few bytes as they can, on both sides of each bound", () => {
  const cases: [number, string][] = [
    [0, "00"],
    [0x7f, "7f"],
    [0x80, "cc80"],
    [0xff, "ccff"],
    [0x100, "cd0100"],
    [0xffff, "cdffff"],
    [0x1_0000, "ce00010000"],
    [0xffff_ffff, "ceffffffff"],
    [0x1_0000_0000, "cf0000000100000000"],
    [Number.MAX_SAFE_INTEGER, "cf001fffffffffffff"],
    [-1, "ff"],
    [-0x20, "e0"],
    [-0x21, "d0df"],
    [-0x80, "d080"],
    [-0x81, "d1ff7f"],
    [-0x8000, "d18000"],
    [-0x8001, "d2ffff7fff"],
    [-0x8000_0000, "d280000000"],
    [-0x8000_0001, "d3ffffffff7fffffff"],
    [Number.MIN_SAFE_INTEGER, "d3ffe0000000000001"],
  ];
  for (const [value, bytes] of cases) {
    assertBytes(t.int(), value, bytes);
    if (value >= 0) assertBytes(t.uint(), value, bytes);
    else {assertUnfit(() =>
        t.fromBytes(t.uint(), hex(bytes)), `must not be negative, but is ${value}`);}
    assertBytes(t.bigint(), BigInt(value), bytes);
    for (let cut = 0; cut < bytes.length; cut += 2) {
      const short = bytes.slice(0, cut);
      assertProblem(() => readNumber(readerOf(short), "it"), "is cut off");
      assertProblem(() => readInteger64(readerOf(short)), "is cut off");
    }
  }
  // More bytes than needed are no fault.
  for (const bytes of ["cc00", "cf0000000000000000", "cb0000000000000000"]) {
    assertEquals(t.fromBytes(t.uint(), hex(bytes)), 0);
  }
  for (const value of [-1, 0.5, NaN, 2 ** 53]) {
    assertUnfit(() => t.toBytes(t.uint(), value), "a whole number from 0 to 2^53 - 1");
  }
  for (const value of [0.5, NaN, 2 ** 53, -(2 ** 53)]) {
    assertUnfit(() => t.toBytes(t.int(), value), "a whole number within");
  }
});

Deno.test("integers of 64 bits are whole on both sides of 2^32, 2^63 and their like", () => {
  const cases: [bigint, string][] = [
    [0xffff_ffffn, "ceffffffff"],
    [0x1_0000_0000n, "cf0000000100000000"],
    [0x7fff_ffff_ffff_ffffn, "cf7fffffffffffffff"],
    [0xffff_ffff_ffff_ffffn, "cfffffffffffffffff"],
    [-0x8000_0000n, "d280000000"],
    [-0x8000_0001n, "d3ffffffff7fffffff"],
    [-0x8000_0000_0000_0000n, "d38000000000000000"],
  ];
  for (const [value, bytes] of cases) {
    assertEquals(written((writer) => writeInteger64(value, writer)), bytes);
    assertEquals(readInteger64(readerOf(bytes)), value);
  }
  assertProblem(
    () => readInteger64(readerOf("ca00000000")),
    "must be an integer, but is a float",
  );
  assertProblem(() => readInteger64(readerOf("cb0000000000000000")), "but is a float");
  assertProblem(() => readInteger64(readerOf("c0")), "but is nil");
});

Deno.test("numbers of every width are read, and what no integer of ours can be is shown", () => {
  const cases: [string, number][] = [
    ["7f", 127],
    ["e0", -32],
    ["ca3fc00000", 1.5],
    ["cbbff8000000000000", -1.5],
    ["ccff", 255],
    ["cdffff", 65_535],
    ["ceffffffff", 4_294_967_295],
    ["cf0000000200000001", 8_589_934_593],
    ["d0ff", -1],
    ["d1ff00", -256],
    ["d2ffff0000", -65_536],
    ["d3fffffffe00000001", -8_589_934_591],
  ];
  for (const [bytes, value] of cases) {
    const reader = readerOf(bytes);
    assertEquals([readNumber(reader, "it"), reader.remaining], [value, 0]);
  }
  for (const bytes of ["c0", "c9", "d4", "df", "80"]) {
    assertProblem(() => readNumber(readerOf(bytes), "it"), "must be it");
  }
  assertUnfit(() => t.fromBytes(t.int(), hex("ca3fc00000")), "but is the float 1.5");
  assertUnfit(() => t.fromBytes(t.int(), hex("cbbff8000000000000")), "but is the float -1.5");
  assertUnfit(
    () => t.fromBytes(t.int(), hex("cf0020000000000000")),
    "but is 9007199254740992, which needs bigint()",
  );
  assertEquals(Object.is(t.fromBytes(t.int(), hex("cb8000000000000000")), 0), true, "no -0");
});
