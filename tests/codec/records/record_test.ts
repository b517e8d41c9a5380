/**
 * Records: order, unknown and missing fields, odd names, texts that repeat.
 *
 * @module
 */

import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import * as t from "../../../lib/codec/mod.ts";
import { assertBytes, assertRefused, assertRoundTrip, assertUnfit, hex } from "../support.ts";

const LockArgs = t.record({
  uid: t.string(),
  resources: t.list(t.string()),
  owner: t.string(),
  source: t.optional(t.string()),
  quorum: t.optional(t.uint()),
});
type LockArgs = t.Infer<typeof LockArgs>;

Deno.test("a record is a map in the contract's order", () => {
  const Point = t.record({ x: t.uint(), y: t.int(), label: t.optional(t.string()) });
  assertBytes(Point, { x: 1, y: -1 }, "82 a178 01 a179 ff");
  assertBytes(
    Point,
    { y: -1, x: 1, label: "p" } as t.Infer<typeof Point>,
    "83 a178 01 a179 ff a56c6162656c a170",
  );
  assertBytes(t.record({}), {}, "80");
});

Deno.test("fields are read in any order", () => {
  const bytes = t.toBytes(
    t.record({
      quorum: t.uint(),
      owner: t.string(),
      uid: t.string(),
      resources: t.list(t.string()),
    }),
    { quorum: 3, owner: "o", uid: "u", resources: [] },
  );
  assertEquals(t.fromBytes(LockArgs, bytes), { uid: "u", resources: [], owner: "o", quorum: 3 });
});

Deno.test("keys with a longer head than they need are read", () => {
  const Point = t.record({ x: t.uint(), y: t.uint() });
  assertEquals(t.fromBytes(Point, hex("82 d90178 01 da000179 02")), { x: 1, y: 2 });
  assertEquals(t.fromBytes(Point, hex("de0002 a178 01 db0000000179 02")), { x: 1, y: 2 });
});

Deno.test("an optional field that is absent has no key, not an undefined one", () => {
  const args: LockArgs = { uid: "u", resources: ["r"], owner: "o" };
  const read = t.fromBytes(LockArgs, t.toBytes(LockArgs, args));
  assertEquals(Object.keys(read), ["uid", "resources", "owner"]);
  const loose = { ...args, source: undefined } as unknown as LockArgs;
  assertEquals(t.toBytes(LockArgs, loose), t.toBytes(LockArgs, args));
  assertEquals(Object.keys(t.fromBytes(LockArgs, t.toBytes(LockArgs, { ...args, quorum: 1 }))), [
    "uid",
    "resources",
    "owner",
    "quorum",
  ]);
});

Deno.test("old and new contracts understand each other", () => {
  const Old = t.record({ name: t.string(), size: t.uint() });
  const New = t.record({
    name: t.string(),
    tags: t.optional(t.map(t.list(t.timestamp()))),
    size: t.uint(),
    owner: t.optional(t.record({ id: t.bigint() })),
  });
  const value = {
    name: "a",
    size: 1,
    tags: new Map([["x", [new Date(5)]]]),
    owner: { id: 2n ** 80n },
  };
  assertEquals(t.fromBytes(Old, t.toBytes(New, value)), { name: "a", size: 1 });
  assertEquals(t.fromBytes(New, t.toBytes(Old, { name: "a", size: 1 })), { name: "a", size: 1 });
});

Deno.test("unknown keys of any type are skipped", () => {
  const Point = t.record({ x: t.uint() });
  assertEquals(t.fromBytes(Point, hex("84 05 a161 c0 90 c40101 81a178a178 a178 07")), { x: 7 });
});

Deno.test("errors name the path", () => {
  const Args = t.record({
    args: t.record({ resources: t.list(t.record({ name: t.string() })) }),
    sizes: t.optional(t.map(t.uint())),
  });
  type Args = t.Infer<typeof Args>;
  const wrong = (value: unknown) => t.toBytes(Args, value as Args);
  const names = (...values: unknown[]) => ({
    args: { resources: values.map((name) => ({ name })) },
  });
  assertEquals(
    assertUnfit(() => wrong(names("a", "b", "c", 5)), "").message,
    "Cannot encode: args.resources[3].name must be a string, but is the number 5.",
  );
  assertEquals(assertUnfit(() => wrong(names("a", null)), "").origin, "caller");
  assertUnfit(() => wrong({}), "args must be an object, but is undefined");
  assertUnfit(() => wrong(null), "the value must be an object, but is null");
  assertUnfit(() => wrong({ args: { resources: "x" } }), 'must be an array, but is the string "x"');
  assertUnfit(
    () => wrong({ ...names(), sizes: new Map([["odd key", -1]]) }),
    'sizes["odd key"] must be a whole number',
  );
  const Loose = t.dynamic();
  const read = (value: unknown) => t.fromBytes(Args, t.toBytes(Loose, value));
  const error = assertUnfit(() => read(names("a", 5)), "");
  assertEquals(
    error.message,
    "Cannot decode: args.resources[1].name must be a string, but is an integer.",
  );
  assertEquals(error.origin, "remote");
  assertUnfit(() => read({ args: {} }), "args.resources is missing");
  assertUnfit(() => read({}), "args is missing");
  assertUnfit(() => read([]), "the value must be a map, but is an array");
  assertUnfit(() => read({ ...names(), sizes: { a: null } }), "sizes.a must be a whole number");
});

Deno.test("a failure leaves the writer where it was", () => {
  const writer = new t.ByteWriter(1);
  t.uint().encode(1, writer);
  const wrong = { uid: "u", resources: ["r", 1], owner: "o" } as unknown as LockArgs;
  assertUnfit(() => LockArgs.encode(wrong, writer), "resources[1]");
  assertEquals(writer.position, 1);
});

Deno.test("a missing text is an error whatever was written before", () => {
  const Name = t.record({ name: t.string() });
  const missing = {} as t.Infer<typeof Name>;
  assertUnfit(() => t.toBytes(Name, missing), "name must be a string, but is undefined");
  for (const name of ["", "a", "a", ""]) {
    assertRoundTrip(Name, { name });
    assertUnfit(() => t.toBytes(Name, missing), "name must be a string, but is undefined");
  }
});

Deno.test("a field that appears twice is an error", () => {
  assertUnfit(
    () => t.fromBytes(t.record({ x: t.uint() }), hex("82 a178 01 a178 02")),
    "x appears twice",
  );
});

Deno.test("texts that repeat, change and repeat again come through", () => {
  const Name = t.record({ name: t.string(), next: t.optional(t.string()) });
  const writer = new t.ByteWriter(1), reader = new t.ByteReader();
  const long = "x".repeat(126), umlauts = "ü".repeat(20);
  for (let i = 0; i < 12_000; i++) {
    const name = i % 3_000 < 40
      ? ["", "a", "same", "sama", "same\u0000", umlauts, long, `${long}!`][Math.floor(i / 3) % 8]!
      : `${i}`;
    writer.position = 0;
    Name.encode({ name, next: name }, writer);
    reader.reset(writer.bytes, 0, writer.position);
    assertStrictEquals(Name.decode(reader).name, name);
    assertStrictEquals(reader.position, writer.position);
  }
});

Deno.test("a remembered text is not read beyond the end of the message", () => {
  const Name = t.record({ name: t.string() });
  const bytes = t.toBytes(Name, { name: "remembered" });
  t.fromBytes(Name, bytes);
  const reader = new t.ByteReader();
  for (let end = 0; end < bytes.length; end++) {
    reader.reset(bytes, 0, end);
    assertUnfit(() => Name.decode(reader), "");
  }
});

Deno.test("names that objects inherit are fields like any other", () => {
  const names = ["__proto__", "constructor", "toString", "hasOwnProperty", "valueOf"];
  const Odd = t.record(
    Object.fromEntries([...names.map((name) => [name, t.uint()] as const), [
      "x",
      t.optional(t.uint()),
    ]]),
  );
  const value = Object.fromEntries(names.map((name, i) => [name, i]));
  assertEquals(Object.keys(value).length, 5);
  const read = t.fromBytes(Odd, t.toBytes(Odd, value));
  assertEquals(Object.keys(read), names);
  assertStrictEquals(Object.getPrototypeOf(read), Object.prototype);
  assertUnfit(
    () => t.toBytes(Odd, {}),
    "__proto__ must be a whole number from 0 to 2^53 - 1, but is undefined",
  );
  const Optional = t.record({
    ["__proto__"]: t.optional(t.uint()),
    constructor: t.optional(t.uint()),
    x: t.uint(),
  });
  const own = t.fromBytes(Optional, t.toBytes(Optional, { x: 1 } as t.Infer<typeof Optional>));
  assertEquals(Object.keys(own), ["x"]);
  const partly = JSON.parse('{"__proto__":3,"x":1}');
  const back = t.fromBytes(Optional, t.toBytes(Optional, partly));
  assertStrictEquals(Object.getOwnPropertyDescriptor(back, "__proto__")?.value, 3);
  assertStrictEquals(Object.getPrototypeOf(back), Object.prototype);
});

Deno.test("unknown fields called __proto__ and constructor do nothing", () => {
  const bytes = t.toBytes(
    t.map(t.map(t.uint())),
    new Map([
      ["__proto__", new Map([["polluted", 1]])],
      ["constructor", new Map([["prototype", 1]])],
    ]),
  );
  const read = t.fromBytes(t.record({ x: t.optional(t.uint()) }), bytes);
  assertEquals(Object.keys(read), []);
  assert(!("polluted" in {}) && !("polluted" in read));
});

Deno.test("field names cannot break out of the generated text", () => {
  const names = [
    '"); throw new Error("out"); ("',
    "`${1}`",
    "\\",
    "*/",
    "\n",
    "\u2028",
    "'",
    "]",
    "v0",
    "reader",
    "",
    "😀",
    "k".repeat(300),
  ];
  const Odd = t.record(Object.fromEntries(names.map((name) => [name, t.string()])));
  const value = Object.fromEntries(names.map((name) => [name, name]));
  assertRoundTrip(Odd, value);
  const reversed = Object.fromEntries(Object.entries(value).reverse());
  assertEquals(t.fromBytes(Odd, t.toBytes(t.dynamic(), reversed)), value);
});

Deno.test("a record of many fields", () => {
  const names = Array.from({ length: 300 }, (_, i) => `field${i}`);
  const Wide = t.record(Object.fromEntries(names.map((name) => [name, t.uint()])));
  const value = Object.fromEntries(names.map((name, i) => [name, i]));
  assertRoundTrip(Wide, value);
  const reversed = Object.fromEntries(Object.entries(value).reverse());
  assertEquals(t.fromBytes(Wide, t.toBytes(t.dynamic(), reversed)), value);
});

Deno.test("getters and class instances can be written", () => {
  class Point {
    x = 1;
    get y() {
      return 2;
    }
  }
  assertBytes(
    t.record({ x: t.uint(), y: t.uint() }),
    { x: 1, y: 2 },
    "82 a178 01 a179 02",
  );
  const bytes = t.toBytes(t.record({ x: t.uint(), y: t.uint() }), new Point());
  assertEquals(bytes, hex("82 a178 01 a179 02"));
});

Deno.test("what cannot be a field is refused at once", () => {
  assertRefused(
    () => t.record({ x: t.raw() }),
    'field "x" of a record is invalid: it contains raw()',
  );
  assertRefused(() => t.record({ x: t.nothing() }), "nothing()");
  assertRefused(() => t.record({ x: {} as t.Codec<number> }), "is not a codec");
  assertRefused(() => t.record({ x: undefined as unknown as t.Codec<number> }), "is not a codec");
  assertRefused(() => t.record({ ["x".repeat(70_000)]: t.uint() }), "65,535");
  assertRefused(() => t.record({ "\ud800": t.uint() }), "surrogate");
});

Deno.test("long texts are shown in errors by their first 40 characters", () => {
  const shown = "a".repeat(40);
  for (const [text, wanted] of [[shown, `"${shown}"`], [`${shown}b`, `"${shown}…"`]] as const) {
    assertUnfit(
      () => t.toBytes(t.uint(), text as unknown as number),
      `but is the string ${wanted}.`,
    );
    const Far = t.record({ [text]: t.uint() });
    const path = text === shown ? shown : `[${wanted}]`;
    assertUnfit(() => t.toBytes(Far, { [text]: -1 }), `Cannot encode: ${path} must be`);
  }
  assertUnfit(() => t.toBytes(t.string(), 10n ** 39n as unknown as string), "the bigint 1");
  assertUnfit(() => t.toBytes(t.string(), 10n ** 40n as unknown as string), `1${"0".repeat(39)}…`);
});

Deno.test("names and constants have up to 65,535 bytes", () => {
  for (const letter of ["a", "é"]) {
    const bytes = letter === "a" ? 1 : 2;
    const longest = letter.repeat(Math.floor(65_535 / bytes)), tooLong = longest + letter;
    assertRoundTrip(t.record({ [longest]: t.uint() }), { [longest]: 5 });
    assertRoundTrip(t.literal(longest), longest);
    assertRefused(() => t.record({ [tooLong]: t.uint() }), "65,535 bytes");
    assertRefused(() => t.literal(tooLong), "65,535 bytes");
  }
});

Deno.test("keys of any length are read with each head that is long enough, in any order, and others are not taken for them", () => {
  for (const length of [0, 1, 31, 32, 40, 41, 255, 256, 300]) {
    const name = "k".repeat(length), digits = "6b".repeat(length);
    const Named = t.record({ first: t.uint(), [name]: t.optional(t.uint()) });
    const heads = [
      ...length < 32 ? [(0xa0 | length).toString(16)] : [],
      ...length < 256 ? [`d9${length.toString(16).padStart(2, "0")}`] : [],
      `da${length.toString(16).padStart(4, "0")}`,
      `db${length.toString(16).padStart(8, "0")}`,
    ];
    for (const head of heads) {
      const first = "a5 6669727374 01", whole = { first: 1, [name]: 7 };
      assertEquals(t.fromBytes(Named, hex(`82 ${first} ${head} ${digits} 07`)), whole);
      assertEquals(t.fromBytes(Named, hex(`82 ${head} ${digits} 07 ${first}`)), whole);
      assertUnfit(
        () => t.fromBytes(Named, hex(`83 ${first} ${head}${digits} 07 ${head}${digits} 07`)),
        "appears twice",
      );
      if (length === 0) continue;
      // The last byte is another.
      const other = `${head} ${digits.slice(2)}6c 07`;
      assertEquals(t.fromBytes(Named, hex(`82 ${first} ${other}`)), { first: 1 });
    }
  }
});
