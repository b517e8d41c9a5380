/**
 * Codecs where the runtime lets nobody make functions out of source text.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import * as t from "../../../lib/codec/mod.ts";
import { asciiReaders, interpretAscii } from "../../../lib/codec/format/text.ts";
import { interpretList, interpretRecord } from "../interpreted.ts";

const Sample = t.record({
  text: t.string({ maxBytes: 8 }),
  maybe: t.optional(t.uint()),
  ["__proto__"]: t.int(),
  toString: t.optional(t.nullable(t.string())),
  list: t.list(t.string(), { maxItems: 4 }),
  "a field whose name is longer than forty bytes, head included": t.optional(t.boolean()),
});
const generated = Sample as t.Codec<unknown>, interpreted = interpretRecord(generated);

/** What comes of something, and which error. */
function outcome(action: () => unknown): unknown {
  try {
    return action();
  } catch (error) {
    return String(error);
  }
}

/** A value, how many items it has, and what memory it takes. */
function decoded(codec: t.Codec<unknown>, bytes: Uint8Array): unknown[] {
  const reader = new t.ByteReader();
  reader.reset(bytes, 0, bytes.length);
  return [codec.decode(reader), reader.items, reader.decodedBytes, reader.position];
}

Deno.test("records are written alike by generated code and by the interpreter, and refused alike", () => {
  const base = { text: "a", list: ["x"], ["__proto__"]: 5 };
  const values: unknown[] = [
    base,
    { ...base, ["__proto__"]: 5, maybe: 3, toString: "own", list: [] },
    { ...base, ["__proto__"]: 5, toString: null, list: ["ä", "", "long".repeat(50)] },
    { ...base, ["__proto__"]: 5, text: "much too long" },
    { ...base, ["__proto__"]: 5, list: ["a", 1] },
    { ...base, ["__proto__"]: 5, list: ["a", "b", "c", "d", "e"] },
    { text: "a", list: [] },
    { list: [] },
    null,
    5,
    { ...base, ["__proto__"]: 5, maybe: -1 },
  ];
  for (const value of values) {
    const [a, b] = [generated, interpreted].map((codec) => outcome(() => t.toBytes(codec, value)));
    assertEquals(b, a);
  }
});

Deno.test("records are read alike by generated code and by the interpreter, whatever the bytes", () => {
  const whole = t.toBytes(generated, {
    text: "ab",
    maybe: 3,
    ["__proto__"]: 5,
    toString: null,
    list: ["x", "yz"],
    "a field whose name is longer than forty bytes, head included": true,
  });
  const sparse = t.toBytes(generated, { text: "ab", ["__proto__"]: 5, list: [] });
  for (const bytes of [whole, sparse]) {
    for (let at = 0; at < bytes.length; at++) {
      const changed = bytes.slice();
      for (
        const value of [0, 0x81, 0xa1, 0xc0, 0xc1, 0xd9, 0xff, bytes[at]! + 1, bytes[at]! ^ 0x20]
      ) {
        changed[at] = value;
        for (const message of [changed, changed.subarray(0, at)]) {
          const [a, b] = [generated, interpreted].map((codec) =>
            outcome(() => {
              const read = t.fromBytes(codec, message);
              // The order of keys counts, too.
              return [read, Object.keys(read as object)];
            })
          );
          assertEquals(b, a);
        }
      }
    }
  }
});

Deno.test("lists are written and read alike by generated code and by the interpreter", () => {
  for (const item of [t.uint(), t.string({ maxBytes: 4 }), t.nullable(t.string())]) {
    const part = item as t.Codec<unknown>;
    const list = t.list(part, { maxItems: 3 }), other = interpretList(part, 3);
    const both = [list, other];
    for (
      const value of [
        [],
        [1],
        ["a", "ä"],
        ["a", null],
        ["abcde"],
        [1, 2, 3],
        [1, 2, 3, 4],
        {},
        null,
      ]
    ) {
      const [a, b] = both.map((codec) => outcome(() => t.toBytes(codec, value as unknown[])));
      assertEquals(b, a);
      if (!(a instanceof Uint8Array)) continue;
      for (let at = 0; at < a.length; at++) {
        for (const byte of [0x90, 0x94, 0xa5, 0xc0, 0xd9, 0xdc, 0xff]) {
          const changed = a.slice();
          changed[at] = byte;
          const [c, d] = both.map((codec) => outcome(() => decoded(codec, changed)));
          assertEquals(d, c);
        }
      }
    }
  }
});

Deno.test("short texts are read alike by generated code and by the interpreter", () => {
  for (let length = 1; length <= 100; length++) {
    const generated = asciiReaders[length]!, interpreted = interpretAscii(length);
    const bytes = Uint8Array.from({ length: length + 2 }, (_, at) => 0x20 + at % 0x60);
    const view = new DataView(bytes.buffer);
    const text = new TextDecoder().decode(bytes.subarray(1, length + 1));
    // Twice, as the first call makes what the second one finds.
    for (let n = 0; n < 2; n++) assertEquals(generated(view, 1), text);
    for (let n = 0; n < 2; n++) assertEquals(interpreted(view, 1), text);
    for (let at = 0; at < bytes.length; at++) {
      const before = bytes[at]!, within = at >= 1 && at <= length;
      for (const odd of [0x80, 0xff]) {
        bytes[at] = odd;
        assertEquals(interpreted(view, 1), within ? undefined : text);
        assertEquals(generated(view, 1), within ? undefined : text);
      }
      bytes[at] = before;
    }
  }
});

Deno.test("a field that comes twice is refused alike by generated code and by the interpreter", () => {
  const Pair = t.record({ a: t.uint(), b: t.uint() }) as t.Codec<unknown>;
  const keys = { a: [0xa1, 0x61], b: [0xa1, 0x62] };
  for (const order of ["aba", "abb", "aab", "bab", "baa", "bba"]) {
    const entries = Array.from(order, (key, value) => [...keys[key as "a"], value]);
    const bytes = Uint8Array.from([0x80 | order.length, ...entries.flat()]);
    const [a, b] = [Pair, interpretRecord(Pair)].map((codec) =>
      outcome(() => t.fromBytes(codec, bytes))
    );
    assertEquals(b, a);
    assertEquals(typeof b, "string", order);
  }
});
