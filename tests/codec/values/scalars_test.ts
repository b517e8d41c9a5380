/**
 * Numbers, strings, bytes, times, constants: their bytes, and what they refuse.
 *
 * @module
 */

import { assert, assertEquals, assertStrictEquals, assertStringIncludes } from "@std/assert";
import { encode } from "@msgpack/msgpack";
import * as t from "../../../lib/codec/mod.ts";
import { assertBytes, assertRefused, assertRoundTrip, assertUnfit, hex } from "../support.ts";

Deno.test("uint and int have their shortest form at every edge", () => {
  const vectors: [number, string][] = [
    [0, "00"],
    [127, "7f"],
    [128, "cc80"],
    [255, "ccff"],
    [256, "cd0100"],
    [65_535, "cdffff"],
    [65_536, "ce00010000"],
    [2 ** 31, "ce80000000"],
    [2 ** 32 - 1, "ceffffffff"],
    [2 ** 32, "cf0000000100000000"],
    [Number.MAX_SAFE_INTEGER, "cf001fffffffffffff"],
  ];
  for (const [value, bytes] of vectors) {
    assertBytes(t.uint(), value, bytes);
    assertBytes(t.int(), value, bytes);
    assertBytes(t.bigint(), BigInt(value), bytes);
  }
  const negative: [number, string][] = [
    [-1, "ff"],
    [-32, "e0"],
    [-33, "d0df"],
    [-128, "d080"],
    [-129, "d1ff7f"],
    [-32_768, "d18000"],
    [-32_769, "d2ffff7fff"],
    [-(2 ** 31), "d280000000"],
    [-(2 ** 31) - 1, "d3ffffffff7fffffff"],
    [-(2 ** 32), "d3ffffffff00000000"],
    [Number.MIN_SAFE_INTEGER, "d3ffe0000000000001"],
  ];
  for (const [value, bytes] of negative) {
    assertBytes(t.int(), value, bytes);
    assertBytes(t.bigint(), BigInt(value), bytes);
    assertUnfit(() => t.toBytes(t.uint(), value), "whole number from 0");
    assertUnfit(() => t.fromBytes(t.uint(), hex(bytes)), "must not be negative");
  }
});

Deno.test("integers are read in any form, whole floats among them", () => {
  for (
    const bytes of ["05", "cc05", "cd0005", "ce00000005", "cf0000000000000005", "d005", "d10005"]
  ) {
    assertEquals(t.fromBytes(t.uint(), hex(bytes)), 5);
    assertEquals(t.fromBytes(t.bigint(), hex(bytes)), 5n);
  }
  for (const bytes of ["d200000005", "d30000000000000005", "ca40a00000", "cb4014000000000000"]) {
    assertEquals(t.fromBytes(t.uint(), hex(bytes)), 5);
    assertEquals(t.fromBytes(t.int(), hex(bytes)), 5);
  }
  assert(Object.is(t.fromBytes(t.int(), hex("cb8000000000000000")), 0));
});

Deno.test("integers out of range name what is wrong", () => {
  const Size = t.record({ size: t.uint(), delta: t.optional(t.int()) });
  for (const size of [1.5, NaN, Infinity, 2 ** 53, -1]) {
    assertUnfit(
      () => t.toBytes(Size, { size }),
      `size must be a whole number from 0 to 2^53 - 1, but is the number ${size}`,
    );
  }
  assertUnfit(() => t.toBytes(Size, { size: "1" as unknown as number }), 'the string "1"');
  assertUnfit(() => t.toBytes(Size, { size: 1n as unknown as number }), "the bigint 1");
  assertUnfit(
    () => t.toBytes(Size, { size: 1, delta: 0.5 }),
    "delta must be a whole number within",
  );
  const read = (digits: string) => t.fromBytes(Size, hex(`81 a473697a65 ${digits}`));
  assertUnfit(
    () => read("cf0020000000000000"),
    "size must be a whole number from 0 to 2^53 - 1, but is 9007199254740992, which needs bigint()",
  );
  assertUnfit(() => read("d38000000000000000"), "-9223372036854775808, which needs bigint()");
  assertUnfit(() => read("cb3ff8000000000000"), "but is the float 1.5");
  assertUnfit(() => read("c3"), "but is a boolean");
});

Deno.test("bigints of 64 bits are integers, larger ones bytes", () => {
  assertBytes(t.bigint(), 2n ** 64n - 1n, "cfffffffffffffffff");
  assertBytes(t.bigint(), 2n ** 63n, "cf8000000000000000");
  assertBytes(t.bigint(), -(2n ** 63n), "d38000000000000000");
  assertBytes(t.bigint(), 2n ** 64n, "c409 010000000000000000");
  assertBytes(t.bigint(), -(2n ** 63n) - 1n, "c409 ff7fffffffffffffff");
  for (let bits = 60n; bits < 280n; bits++) {
    for (const sign of [1n, -1n]) {
      for (const near of [-1n, 0n, 1n]) assertRoundTrip(t.bigint(), sign * 2n ** bits + near);
    }
  }
  assertRoundTrip(t.bigint(), 2n ** 8_191n - 1n);
  assertRoundTrip(t.bigint(), -(2n ** 8_191n));
  assertUnfit(() => t.toBytes(t.bigint(), 2n ** 8_191n), "1024 bytes");
  assertUnfit(
    () => t.toBytes(t.bigint(), 5 as unknown as bigint),
    "must be a bigint, but is the number 5",
  );
  assertUnfit(() => t.fromBytes(t.bigint(), encode(new Uint8Array(1_025))), "has 1025");
  assertUnfit(() => t.fromBytes(t.bigint(), hex("c400")), "has 0");
  assertUnfit(
    () => t.fromBytes(t.bigint(), hex("cb4014000000000000")),
    "an integer, but is a float",
  );
});

Deno.test("floats keep NaN, the infinities and minus zero, and take any number", () => {
  for (const value of [0.5, -0, NaN, Infinity, -Infinity, Number.MIN_VALUE, 2 ** 60]) {
    const read = t.fromBytes(t.float(), t.toBytes(t.float(), value));
    assert(Object.is(read, value), `${value}`);
  }
  assertBytes(t.float(), 1, "cb3ff0000000000000");
  assertEquals(t.fromBytes(t.float(), hex("ca3fc00000")), 1.5);
  assertEquals(t.fromBytes(t.float(), hex("d3ffffffffffffffff")), -1);
  assertUnfit(() => t.toBytes(t.float(), "1" as unknown as number), "must be a number");
  assertUnfit(() => t.fromBytes(t.float(), hex("a131")), "must be a number, but is a string");
});

Deno.test("booleans", () => {
  assertBytes(t.boolean(), true, "c3");
  assertBytes(t.boolean(), false, "c2");
  assertUnfit(() => t.toBytes(t.boolean(), 1 as unknown as boolean), "must be a boolean");
  assertUnfit(() => t.fromBytes(t.boolean(), hex("01")), "must be a boolean, but is an integer");
});

Deno.test("strings of every length around every edge", () => {
  const letters = ["a", "é", "€", "😀"];
  for (
    const length of [
      0,
      1,
      7,
      30,
      31,
      32,
      63,
      64,
      71,
      72,
      73,
      85,
      99,
      100,
      101,
      127,
      128,
      255,
      256,
      257,
    ]
  ) {
    for (const letter of letters) {
      const text = letter.repeat(length);
      assertRoundTrip(t.string(), text);
      assertEquals(t.toBytes(t.string(), text), encode(text));
      const late = "a".repeat(length) + letter;
      assertEquals(t.toBytes(t.string(), late), encode(late));
      assertRoundTrip(t.string(), late);
    }
  }
  for (const length of [65_534, 65_535, 65_536, 70_000]) {
    for (const letter of letters) {
      const text = letter.repeat(length);
      assertEquals(t.toBytes(t.string(), text), encode(text));
      assertStrictEquals(t.fromBytes(t.string(), encode(text)), text);
    }
  }
  assertRoundTrip(t.string(), "\ufeffkeeps its mark");
});

Deno.test("text that is not Unicode is an error in both directions", () => {
  for (const text of ["\ud800", "a\udc00b", `${"a".repeat(80)}\ud800`]) {
    assertUnfit(() => t.toBytes(t.string(), text), "lone surrogate");
  }
  const bad = [
    "a1ff",
    "a2c328",
    "a3eda080",
    "a2c080",
    "a4f4908080",
    "a1c3",
    `d950${"61".repeat(79)}80`,
  ];
  for (const bytes of bad) {
    assertUnfit(() => t.fromBytes(t.string(), hex(bytes)), "is not valid UTF-8");
    assertUnfit(() => t.fromBytes(t.list(t.string()), hex(`91${bytes}`)), "[0] is not valid UTF-8");
    assertUnfit(
      () => t.fromBytes(t.map(t.uint()), hex(`81${bytes}01`)),
      "has a key that is not valid UTF-8",
    );
    assertUnfit(() => t.fromBytes(t.dynamic(), hex(bytes)), "is not valid UTF-8");
  }
});

Deno.test("limits on strings and bytes hold in both directions", () => {
  const Name = t.string({ maxBytes: 4 });
  assertRoundTrip(Name, "abcd");
  assertRoundTrip(Name, "éé");
  assertUnfit(() => t.toBytes(Name, "abcde"), "has 5 bytes, over its limit maxBytes of 4");
  assertUnfit(() => t.toBytes(Name, "ééé"), "has 6 bytes");
  assertUnfit(() => t.fromBytes(Name, encode("abcde")), "has 5 bytes");
  assertUnfit(() => t.fromBytes(Name, hex("dbfffffff0")), "cut off");
  assertUnfit(() => t.fromBytes(Name, hex("05")), "must be a string");
  for (const length of [31, 32, 255, 256, 65_535, 65_536]) {
    assertRoundTrip(t.string({ maxBytes: length }), "a".repeat(length));
    assertUnfit(
      () => t.toBytes(t.string({ maxBytes: length - 1 }), "a".repeat(length)),
      `${length} bytes`,
    );
  }
  const Block = t.bytes({ maxBytes: 2 });
  assertRoundTrip(Block, new Uint8Array(2));
  assertUnfit(() => t.toBytes(Block, new Uint8Array(3)), "over its limit maxBytes of 2");
  assertUnfit(() => t.fromBytes(Block, hex("c403010203")), "has 3 bytes");
  for (const maxBytes of [-1, 0.5, NaN]) {
    assertRefused(() => t.string({ maxBytes }), "maxBytes");
    assertRefused(() => t.bytes({ maxBytes }), "maxBytes");
  }
});

Deno.test("bytes are the receiver's own", () => {
  assertBytes(t.bytes(), hex("010203"), "c403 010203");
  for (const length of [0, 255, 256, 65_535, 65_536, 100_000]) {
    assertRoundTrip(t.bytes(), new Uint8Array(length));
  }
  const message = hex("c402 0102");
  const read = t.fromBytes(t.bytes(), message);
  message.fill(0);
  assertEquals(read, hex("0102"));
  assertUnfit(
    () => t.toBytes(t.bytes(), [1] as unknown as Uint8Array),
    "must be a Uint8Array, but is an array",
  );
  assertUnfit(() => t.fromBytes(t.bytes(), hex("a161")), "must be bytes, but is a string");
});

Deno.test("timestamps have MessagePack's three forms", () => {
  assertBytes(t.timestamp(), new Date(1_000), "d6ff 00000001");
  assertBytes(t.timestamp(), new Date((2 ** 32 - 1) * 1_000), "d6ff ffffffff");
  assertBytes(t.timestamp(), new Date(1_500), "d7ff 7735940000000001");
  assertBytes(t.timestamp(), new Date(2 ** 32 * 1_000), "d7ff 0000000100000000");
  assertBytes(t.timestamp(), new Date(-1), "c70cff 3b8b87c0 ffffffffffffffff");
  const edges = [
    0,
    -8_640_000_000_000_000,
    8_640_000_000_000_000,
    (2 ** 34 - 1) * 1_000 + 999,
    2 ** 34 * 1_000,
  ];
  for (const ms of edges) {
    assertRoundTrip(t.timestamp(), new Date(ms));
    assertEquals(t.toBytes(t.timestamp(), new Date(ms)), encode(new Date(ms)));
  }
  assertUnfit(() => t.toBytes(t.timestamp(), new Date(NaN)), "invalid");
  assertUnfit(() => t.toBytes(t.timestamp(), 5 as unknown as Date), "must be a Date");
  assertUnfit(() => t.fromBytes(t.timestamp(), hex("d601 00000001")), "another extension");
  assertUnfit(
    () => t.fromBytes(t.timestamp(), hex("c70bff 3b8b87c0 ffffffffffffffff")),
    "another extension",
  );
  assertUnfit(() => t.fromBytes(t.timestamp(), hex("d7ff fffffffc00000000")), "beyond the range");
  assertUnfit(
    () => t.fromBytes(t.timestamp(), hex("c70cff 00000000 7fffffffffffffff")),
    "beyond the range",
  );
  assertUnfit(
    () => t.fromBytes(t.timestamp(), hex("05")),
    "must be a timestamp, but is an integer",
  );
});

Deno.test("a time takes the shortest form on both sides of each bound", () => {
  const TWO_32 = 2 ** 32;
  const forms: [ms: number, bytes: string][] = [
    [0, "d6ff 00000000"],
    [1, "d7ff 003d0900 00000000"],
    [999, "d7ff ee2e1f00 00000000"],
    [(TWO_32 - 1) * 1_000, "d6ff ffffffff"],
    [(TWO_32 - 1) * 1_000 + 1, "d7ff 003d0900 ffffffff"],
    [TWO_32 * 1_000, "d7ff 00000001 00000000"],
    [(TWO_32 * 3 + 5) * 1_000 + 1, "d7ff 003d0903 00000005"],
    [(TWO_32 * 4 - 1) * 1_000, "d7ff 00000003 ffffffff"],
    [TWO_32 * 4_000, "c70cff 00000000 00000004 00000000"],
    [TWO_32 * 4_000 + 1, "c70cff 000f4240 00000004 00000000"],
    [-1_000, "c70cff 00000000 ffffffff ffffffff"],
    [-999, "c70cff 000f4240 ffffffff ffffffff"],
    [-TWO_32 * 1_000, "c70cff 00000000 ffffffff 00000000"],
    [-TWO_32 * 1_000 - 1, "c70cff 3b8b87c0 fffffffe ffffffff"],
  ];
  for (const [ms, bytes] of forms) assertBytes(t.timestamp(), new Date(ms), bytes);
});

Deno.test("a time that another wrote is rounded down to milliseconds, up to what a Date can be", () => {
  const read = (bytes: string): number => t.fromBytes(t.timestamp(), hex(bytes)).getTime();
  // 999,999,999 ns, the most there can be, and one less than a millisecond.
  assertEquals(read("d7ff ee6b27fc 00000001"), 1_999);
  assertEquals(read("c70cff 3b9ac9ff 00000000 00000001"), 1_999);
  assertEquals(read("c70cff 000f423f ffffffff ffffffff"), -1_000);
  const most = 8_640_000_000_000;
  const at = (seconds: number, nanos: number): Uint8Array<ArrayBuffer> => {
    const bytes = hex("c70cff 00000000 00000000 00000000"), view = new DataView(bytes.buffer);
    view.setUint32(3, nanos);
    view.setBigInt64(7, BigInt(seconds));
    return bytes;
  };
  for (const [seconds, nanos] of [[most, 0], [-most, 0], [most, 999_999]] as const) {
    const date = t.fromBytes(t.timestamp(), at(seconds, nanos));
    assertEquals(date.getTime(), seconds * 1_000);
  }
  const none = [
    at(most, 1_000_000),
    at(most + 1, 0),
    at(-most - 1, 999_000_000),
    at(1, 1_000_000_000),
    hex("d7ff ee6b2800 00000001"),
  ];
  for (const bytes of none) {
    assertUnfit(
      () => t.fromBytes(t.timestamp(), bytes),
      "is a timestamp beyond the range of a Date",
    );
  }
});

Deno.test("literals and enumerations are themselves and nothing else", () => {
  assertBytes(t.literal("on"), "on", "a26f6e");
  assertBytes(t.literal(5), 5, "05");
  assertBytes(t.literal(-0.5), -0.5, "cbbfe0000000000000");
  assertBytes(t.literal(true), true, "c3");
  assertUnfit(() => t.toBytes(t.literal(5), 6 as 5), "must be the number 5, but is the number 6");
  assertUnfit(
    () => t.fromBytes(t.literal(5), hex("06")),
    "must be the number 5, but is the number 6",
  );
  assertUnfit(
    () => t.fromBytes(t.literal("on"), hex("a26f66")),
    'must be the string "on", but is the string "of"',
  );
  assertUnfit(() => t.fromBytes(t.literal(true), hex("c2")), "must be true, but is false");
  assertRefused(() => t.literal(NaN), "NaN");
  const Mode = t.enumeration(["read", "write", "größer"]);
  for (const mode of ["read", "write", "größer"] as const) assertRoundTrip(Mode, mode);
  assertEquals(t.fromBytes(Mode, hex("d90472656164")), "read");
  assertUnfit(
    () => t.toBytes(Mode, "__proto__" as "read"),
    'must be one of "read", "write", "größer"',
  );
  assertUnfit(() => t.fromBytes(Mode, hex("a3726561")), 'but is the string "rea"');
  assertUnfit(() => t.fromBytes(Mode, hex("05")), "must be a string, but is an integer");
  assertRefused(() => t.enumeration([]), "at least one");
  assertRefused(() => t.enumeration(["\ud800"]), "surrogate");
});

Deno.test("an enumeration's error lists ten values, and says if there are more", () => {
  const texts = Array.from("abcdefghijk"), ten = texts.slice(0, 10);
  const listed = ten.map((text) => `"${text}"`).join(", ");
  const told = (values: readonly string[]): string =>
    assertUnfit(() => t.toBytes(t.enumeration(values), "x"), "must be one of").message;
  assertStringIncludes(told(ten), `${listed}, but`);
  assertStringIncludes(told(texts), `${listed}, …, but`);
});
