/**
 * Values without a contract.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { encode } from "@msgpack/msgpack";
import * as t from "../../../lib/codec/mod.ts";
import { assertRefused, assertRoundTrip, assertUnfit, hex } from "../support.ts";

Deno.test("any plain value survives", () => {
  const values: unknown[] = [
    null,
    true,
    0,
    -1.5,
    "é",
    2n ** 63n,
    new Uint8Array(3),
    [],
    {},
    { constructor: 1, toString: [{}], 5: null },
  ];
  for (const value of values) assertRoundTrip(t.dynamic(), value);
  assertRoundTrip(t.dynamic(), values);
  assertRoundTrip(t.record({ any: t.dynamic(), after: t.uint() }), { any: { a: [1] }, after: 2 });
});

Deno.test("bytes in it are the receiver's own", () => {
  const message = hex("91 c402 0102");
  const read = t.fromBytes(t.dynamic(), message);
  message.fill(0);
  assertEquals(read, [hex("0102")]);
});

Deno.test("values that MessagePack does not know are refused with their path", () => {
  const refuse = (value: unknown, words: string) =>
    assertUnfit(() => t.toBytes(t.dynamic(), value), words);
  refuse(undefined, "the value must be null, a boolean");
  refuse({ a: [1, undefined] }, "a[1] must be null");
  refuse({ a: { b: () => {} } }, "a.b must be null");
  refuse(
    [new Map()],
    "[0] must be null, a boolean, number, bigint, string, Uint8Array, or an array or plain object of these, but is an object of class Map",
  );
  refuse([new Date()], "of class Date");
  refuse([new (class {})()], "but is an object.");
  refuse([Object.create({ constructor: Object })], "but is an object.");
  refuse(Symbol("s"), "but is a symbol");
  refuse(2n ** 64n, "an integer of 64 bits");
  refuse(-(2n ** 63n) - 1n, "an integer of 64 bits");
  refuse(["\ud800"], "[0] has a lone surrogate");
  refuse({ "\ud800": 1 }, "lone surrogate");
});

Deno.test("depth and count are limited in both directions", () => {
  const nest = (depth: number) => {
    let value: unknown = 0;
    for (let i = 0; i < depth; i++) value = i % 2 === 0 ? [value] : { a: value };
    return value;
  };
  assertRoundTrip(t.dynamic(), nest(64));
  assertRoundTrip(t.dynamic(), [-(2n ** 63n), 2n ** 64n - 1n]);
  assertUnfit(() => t.toBytes(t.dynamic(), nest(65)), "maxDepth of 64");
  assertUnfit(() => t.fromBytes(t.dynamic(), encode(nest(65))), "maxDepth of 64");
  assertUnfit(() => t.toBytes(t.list(t.dynamic()), [nest(64)]), "maxDepth of 64");
  assertRoundTrip(t.dynamic({ maxDepth: 500 }), nest(500));
  const cycle: unknown[] = [];
  cycle.push(cycle);
  assertUnfit(() => t.toBytes(t.dynamic(), cycle), "maxDepth of 64");
  const Few = t.dynamic({ maxItems: 4 });
  assertRoundTrip(Few, [1, [2]]);
  assertUnfit(() => t.toBytes(Few, [1, [2, 3]]), "over its limit maxItems of 4");
  // It stops there, however many follow.
  for (const many of [[1, 2, 3, 4, 5, 6, 7], { a: 1, b: 2, c: 3 }]) {
    assertUnfit(() => t.toBytes(Few, many), "has 5 items, over its limit maxItems of 4");
    assertUnfit(() => t.fromBytes(Few, encode(many)), "has 5 items, over its limit maxItems of 4");
  }
  assertUnfit(() => t.fromBytes(Few, encode({ a: 1, b: 2 })), "over its limit maxItems of 4");
  assertRefused(() => t.dynamic({ maxDepth: 1_001 }), "maxDepth");
  assertRefused(() => t.dynamic({ maxItems: -1 }), "maxItems");
});

Deno.test("keys that are special in objects are harmless", () => {
  const evil = hex("81 a9 5f5f70726f746f5f5f 81 a8 706f6c6c75746564 01");
  assertUnfit(() => t.fromBytes(t.dynamic(), evil), 'has the key "__proto__"');
  assertUnfit(
    () => t.fromBytes(t.dynamic(), Uint8Array.from([0x91, ...evil])),
    '[0] has the key "__proto__"',
  );
  assertUnfit(
    () => t.toBytes(t.dynamic(), JSON.parse('{"a":{"__proto__":1}}')),
    'a has the key "__proto__"',
  );
  assert(!("polluted" in {}));
  assertRoundTrip(t.dynamic(), { constructor: { prototype: { polluted: 1 } } });
  assert(!("polluted" in {}));
});

Deno.test("bytes that @std/msgpack would not take are refused with their path", () => {
  assertUnfit(() => t.fromBytes(t.dynamic(), encode([1, new Date()])), "[1] is an extension");
  assertUnfit(
    () => t.fromBytes(t.dynamic(), hex("81 c0 01")),
    "has a key that is neither a string nor a number",
  );
  assertUnfit(
    () => t.fromBytes(t.dynamic(), hex("81 cf0000000000000001 01")),
    "neither a string nor a number",
  );
  assertEquals(t.fromBytes(t.dynamic(), hex("81 05 01")), { 5: 1 });
});

Deno.test("where a number key stands is counted from the value's first byte", () => {
  const reader = new t.ByteReader();
  reader.reset(hex("c1c1c1c1 81 05 a9"), 4, 7);
  assertUnfit(() => t.dynamic().decode(reader), '["the number at byte 1"] is cut off');
});

Deno.test("both directions count alike: each key and each value is one", () => {
  const Few = t.dynamic({ maxItems: 5 });
  assertRoundTrip(Few, { a: 1, b: 2 });
  assertUnfit(() => t.toBytes(Few, { a: 1, b: [2] }), "over its limit maxItems of 5");
  assertUnfit(() => t.fromBytes(Few, encode({ a: 1, b: [2] })), "over its limit maxItems of 5");
});

Deno.test("a text that begins with a byte order mark, which @std/msgpack drops, is refused", () => {
  const words = "begins with a byte order mark";
  assertUnfit(() => t.toBytes(t.dynamic(), ["\ufeffabc"]), `[0] ${words}`);
  assertUnfit(() => t.toBytes(t.dynamic(), { "\ufeffabc": 1 }), words);
  assertUnfit(() => t.fromBytes(t.dynamic(), hex("a4 efbbbf 61")), words);
  // Else it would become the key that is refused.
  const evil = hex("81 ac efbbbf 5f5f70726f746f5f5f 81 a8 706f6c6c75746564 01");
  assertUnfit(() => t.fromBytes(t.dynamic(), evil), words);
  assertRoundTrip(t.dynamic(), "a\ufeff");
  assertRoundTrip(t.string(), "\ufeffabc");
});

Deno.test("dynamic() carries no extension, whatever its length", () => {
  for (
    const bytes of [
      "c7 01 05 00",
      "c8 0001 05 00",
      "c9 00000001 05 00",
      "d4 05 00",
      "d5 05 0000",
      "d6 05 00000000",
      "d7 05 0000000000000000",
      "d8 05 00000000000000000000000000000000",
    ]
  ) {
    assertUnfit(() => t.fromBytes(t.dynamic(), hex(bytes)), "the value is an extension, which");
  }
});

Deno.test("a container that claims more than the message can hold is refused as a whole, before its items are read", () => {
  for (const bytes of ["9f 01", "92 01", "8f a161 01", "82 a161 01"]) {
    assertUnfit(() => t.fromBytes(t.dynamic(), hex(bytes)), "the value is cut off");
  }
  assertEquals(t.fromBytes(t.dynamic(), hex("91 01")), [1]);
  assertUnfit(() => t.fromBytes(t.dynamic(), hex("")), "the value is cut off");
});

Deno.test("dynamic() reads bytes behind each of their three heads", () => {
  for (const bytes of ["c4 01 07", "c5 0001 07", "c6 00000001 07"]) {
    assertEquals(t.fromBytes(t.dynamic(), hex(bytes)), Uint8Array.of(7));
  }
});

Deno.test("both directions bear as many containers around a value, an empty one among them, and no more", () => {
  /** That many lists, or objects, and a value within. */
  const within = (around: number, value: unknown, wrap: (value: unknown) => unknown): unknown =>
    around === 0 ? value : wrap(within(around - 1, value, wrap));
  const wraps = [(value: unknown) => [value], (value: unknown) => ({ a: value })];
  for (const maxDepth of [1, 3]) {
    const codec = t.dynamic({ maxDepth });
    for (const wrap of wraps) {
      for (const value of [5, "", [], {}, new Uint8Array(1)]) {
        assertRoundTrip(codec, within(maxDepth, value, wrap));
        const deeper = within(maxDepth + 1, value, wrap);
        assertUnfit(() => t.toBytes(codec, deeper), `maxDepth of ${maxDepth}`);
        assertUnfit(() => t.fromBytes(codec, encode(deeper)), `maxDepth of ${maxDepth}`);
        // Those of the contract count too.
        assertUnfit(
          () => t.toBytes(t.list(codec), [within(maxDepth, value, wrap)]),
          `maxDepth of ${maxDepth}`,
        );
      }
    }
  }
});

Deno.test("an object that is too deep is refused at its first key", () => {
  assertUnfit(
    () => t.fromBytes(t.dynamic({ maxDepth: 1 }), encode({ a: { b: 5 } })),
    "Cannot decode: a is nested deeper than its limit maxDepth of 1.",
  );
});

Deno.test("objects that are plain in either way are written, others are not", () => {
  const bare = Object.assign(Object.create(null), { a: 1 });
  assertEquals(t.toBytes(t.dynamic(), bare), t.toBytes(t.dynamic(), { a: 1 }));
  for (const other of [new Date(0), new Map(), Object.create({ a: 1 })]) {
    assertUnfit(() => t.toBytes(t.dynamic(), other), "must be null, a boolean");
  }
});
