/**
 * Values to JSON and back, and the schemas of that JSON, judged by ajv.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { Ajv2020 } from "ajv/dist/2020.js";
import * as t from "../../lib/codec/mod.ts";
import {
  codecOf,
  type Description,
  fromJson,
  jsonSchema,
  readDescription,
  toJson,
} from "../../lib/reflection/mod.ts";
import { seededRandom } from "../codec/random.ts";
import { assertRefused, assertUnfit } from "../codec/support.ts";
import { makePayload, ValueMaker } from "./random_description.ts";

const ajv = new Ajv2020({
  strict: true,
  strictTypes: false,
  strictTuples: false,
  ownProperties: true,
});

Deno.test("random values come back from JSON, fit the schema, and keep their bytes", () => {
  const random = seededRandom("json");
  for (let round = 0; round < 200; round++) {
    const description = makePayload(random), codec = codecOf(description);
    const context = `seed ${random.seed}: ${JSON.stringify(description)}`;
    const isValid = ajv.compile(jsonSchema(description));
    const maker = new ValueMaker(random, description);
    for (let i = 0; i < 10; i++) {
      const value = maker.make(description), json = toJson(description, value);
      const text = JSON.stringify(json);
      const back = fromJson(description, text === undefined ? undefined : JSON.parse(text));
      assertEquals(back, value, context);
      // ajv does not look at properties of that name.
      if (value === undefined || text?.includes("__proto__") !== false) continue;
      assert(isValid(JSON.parse(text)), `${context}\n${text}\n${ajv.errorsText(isValid.errors)}`);
      let bytes: Uint8Array;
      try {
        bytes = t.toBytes(codec, value);
      } catch {
        continue; // Over a limit that is checked when it is encoded.
      }
      assertEquals(t.toBytes(codec, back), bytes, context);
      assertEquals(t.fromBytes(codec, bytes), value, context);
    }
  }
});

Deno.test("a codec made of a description describes itself in the same way", () => {
  const random = seededRandom("codecOf");
  for (let round = 0; round < 200; round++) {
    const first = t.describe(codecOf(makePayload(random)));
    assertEquals(t.describe(codecOf(first)), first, `seed ${random.seed}`);
    assertEquals(readDescription(JSON.parse(JSON.stringify(first))), first);
  }
});

const Person = t.describe(t.record({
  name: t.string(),
  age: t.optional(t.uint()),
  born: t.optional(t.timestamp()),
  mode: t.optional(t.enumeration(["on", "off"])),
  big: t.optional(t.bigint()),
  data: t.optional(t.bytes()),
  pair: t.optional(t.tuple([t.int(), t.float()])),
  parts: t.optional(t.map(t.list(t.boolean()))),
  event: t.optional(t.union("kind", { a: t.record({ x: t.literal(5) }), b: t.record({}) })),
}));

Deno.test("what does not fit is told with its path", () => {
  const cases: readonly [unknown, string][] = [
    [5, "the value must be an object, but is the number 5"],
    [[], "the value must be an object, but is an array"],
    [{}, "name is missing"],
    [{ name: 5 }, "name must be a string, but is the number 5"],
    [{ name: "a", nam: 1 }, `the value has the field "nam", which its contract does not know`],
    [{ name: "a", age: -1 }, "age must be a whole number from 0"],
    [{ name: "a", age: 1.5 }, "age must be a whole number from 0"],
    [{ name: "a", age: null }, "age must be a whole number from 0 to 2^53 - 1, but is null"],
    [{ name: "a", born: "yesterday" }, "born must be a time such as"],
    [{ name: "a", born: "2026-02-30" }, "born must be a time such as"],
    [{ name: "a", born: "2026-01-02T03:04:05" }, "born must be a time such as"],
    [{ name: "a", mode: "of" }, `mode must be one of "on", "off", but is the string "of"`],
    [{ name: "a", big: "1e9" }, "big must be a text of decimal digits"],
    [{ name: "a", big: 2 ** 60 }, "big must be a text of decimal digits"],
    [{ name: "a", data: "?" }, "data must be bytes as base64"],
    [{ name: "a", pair: [1] }, "pair must be an array of 2, but has 1 item"],
    [{ name: "a", pair: [1, "2"] }, "pair[1] must be a number"],
    [{ name: "a", parts: { x: [true, 0] } }, "parts.x[1] must be true or false"],
    [{ name: "a", event: {} }, "event.kind is missing"],
    [{ name: "a", event: { kind: "c" } }, `event.kind must be one of "a", "b"`],
    [{ name: "a", event: { kind: "a", x: 6 } }, "event.x must be 5, but is the number 6"],
    [{ name: "a", event: { kind: "b", x: 6 } }, `event has the field "x"`],
  ];
  for (const [json, words] of cases) {
    assertUnfit(() => fromJson(Person, json), `Cannot read JSON: ${words}`);
    if (JSON.stringify(json).includes("02-30")) continue; // A schema does not count days.
    assert(!ajv.validate(jsonSchema(Person), json), `${JSON.stringify(json)} fits the schema`);
  }
});

Deno.test("what JSON does not have is written as texts", () => {
  const cases: readonly [Description, unknown, string][] = [
    [{ type: "float" }, NaN, `"NaN"`],
    [{ type: "float" }, -0, `"-0"`],
    [{ type: "bigint" }, -(2n ** 70n), `"-1180591620717411303424"`],
    [{ type: "raw" }, new Uint8Array([1, 2]), `"AQI="`],
    [{ type: "custom" }, new Uint8Array([1]), `"AQ=="`],
    [{ type: "timestamp" }, new Date(0), `"1970-01-01T00:00:00.000Z"`],
    [t.describe(t.dynamic()), { a: 1n, b: NaN }, `{"a":{"$bigint":"1"},"b":{"$float":"NaN"}}`],
    [t.describe(t.dynamic()), { $bigint: "1" }, `{"$object":{"$bigint":"1"}}`],
    [t.describe(t.dynamic()), new Uint8Array([1]), `{"$bytes":"AQ=="}`],
    [t.describe(t.map(t.uint())), new Map([["__proto__", 1]]), `{"__proto__":1}`],
  ];
  for (const [description, value, text] of cases) {
    assertEquals(JSON.stringify(toJson(description, value)), text);
    assertEquals(fromJson(description, JSON.parse(text)), value);
  }
  assertEquals(fromJson({ type: "nothing" }, null), undefined);
  assertEquals(toJson({ type: "nothing" }, undefined), undefined);
  assertEquals(fromJson({ type: "bigint" }, 7), 7n);
  assertEquals(fromJson({ type: "timestamp" }, "2026-01-02"), new Date("2026-01-02"));
});

Deno.test("JSON that is nested without end is refused", () => {
  let deep: unknown = 1;
  for (let i = 0; i < 5_000; i++) deep = [deep];
  assertUnfit(() => fromJson({ type: "dynamic", maxDepth: 9, maxItems: 9 }, deep), "nested deeper");
});

Deno.test("docs are the schema's descriptions, and a reference that leads nowhere is refused", () => {
  const schema = jsonSchema(t.describe(
    t.record({
      a: t.documented(t.uint(), "A number."),
      b: t.documented(t.optional(t.uint()), "B."),
    }),
  ));
  assertEquals(
    JSON.stringify(schema).match(/"description":"[^"]*"/g),
    [`"description":"A number."`, `"description":"B."`],
  );
  for (const use of [jsonSchema, codecOf, (d: Description) => toJson(d, 5)]) {
    assertRefused(() => use({ type: "ref", id: 3 }), "refers to its part 3");
  }
});
