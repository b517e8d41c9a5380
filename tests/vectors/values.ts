/** Values of each codec, and what they are as whole payloads. */

import type { Codec } from "../../lib/codec/format/codec.ts";
import * as t from "../../lib/codec/mod.ts";
import { payloadKind } from "../../lib/session/frames/outgoing_payload.ts";

/** A whole payload. */
export interface ValueVector {
  name: string;
  description: string;
  /** The codec, as a program has it. */
  codec: string;
  /** The value, as a program has it. */
  value: string;
  /** The kind of the frame. */
  kind: number;
  hex: string;
}

/** A value and what carries it. */
export interface ValueRecipe {
  readonly name: string;
  readonly description: string;
  readonly source: readonly [codec: string, value: string];
  readonly codec: Codec<unknown>;
  readonly value: unknown;
}

function recipe<T>(
  name: string,
  source: readonly [codec: string, value: string],
  codec: Codec<T>,
  value: T,
  description = "",
): ValueRecipe {
  return { name, description, source, codec: codec as Codec<unknown>, value };
}

const page = t.record({ size: t.uint(), after: t.optional(t.string()) });
const event = t.union("kind", {
  made: t.record({ name: t.string() }),
  sized: t.record({ name: t.string(), size: t.uint() }),
});

/** All of them. */
export const VALUE_RECIPES: readonly ValueRecipe[] = [
  recipe("true", ["t.boolean()", "true"], t.boolean(), true),
  recipe("small", ["t.uint()", "127"], t.uint(), 127),
  recipe("16 bits", ["t.uint()", "256"], t.uint(), 256),
  recipe("beyond 32 bits", ["t.uint()", "4294967296"], t.uint(), 4_294_967_296),
  recipe("negative", ["t.int()", "-33"], t.int(), -33),
  recipe("positive", ["t.int()", "200"], t.int(), 200, "unsigned, as all that are not negative"),
  recipe("float", ["t.float()", "1"], t.float(), 1, "64 bits, though it is whole"),
  recipe("bigint of 64 bits", ["t.bigint()", "2n ** 63n"], t.bigint(), 2n ** 63n),
  recipe("larger bigint", ["t.bigint()", "2n ** 64n"], t.bigint(), 2n ** 64n, "9 bytes of bin"),
  recipe("smaller bigint", ["t.bigint()", "-(2n ** 64n)"], t.bigint(), -(2n ** 64n)),
  recipe("text", ["t.string()", `"größe"`], t.string(), "größe"),
  recipe("bytes", ["t.bytes()", "new Uint8Array([1, 2])"], t.bytes(), Uint8Array.of(1, 2)),
  recipe("second", ["t.timestamp()", "new Date(1750000000000)"], t.timestamp(), new Date(175e10)),
  recipe("millisecond", ["t.timestamp()", "new Date(1)"], t.timestamp(), new Date(1)),
  recipe("before 1970", ["t.timestamp()", "new Date(-1)"], t.timestamp(), new Date(-1)),
  recipe("literal", ["t.literal(1.5)", "1.5"], t.literal(1.5), 1.5),
  recipe("enumeration", [`t.enumeration(["a", "b"])`, `"b"`], t.enumeration(["a", "b"]), "b"),
  recipe(
    "record",
    ["t.record({ size: t.uint(), after: t.optional(t.string()) })", `{ "size": 3, "after": "x" }`],
    page,
    { after: "x", size: 3 },
    "in the order of the contract",
  ),
  recipe(
    "record without its optional field",
    ["t.record({ size: t.uint(), after: t.optional(t.string()) })", `{ "size": 3 }`],
    page,
    { size: 3 },
  ),
  recipe(
    "union",
    [
      `t.union("kind", { made: t.record({ name: t.string() }), sized: t.record({ name: t.string(), size: t.uint() }) })`,
      `{ "kind": "sized", "name": "a", "size": 3 }`,
    ],
    event,
    { name: "a", size: 3, kind: "sized" },
    "the tag comes first",
  ),
  recipe("list", ["t.list(t.uint())", "[1, 2, 3]"], t.list(t.uint()), [1, 2, 3]),
  recipe(
    "tuple",
    ["t.tuple([t.uint(), t.string()])", `[1, "a"]`],
    t.tuple([t.uint(), t.string()]),
    [
      1,
      "a",
    ],
  ),
  recipe("map", ["t.map(t.uint())", `new Map([["a", 1]])`], t.map(t.uint()), new Map([["a", 1]])),
  recipe(
    "null in a list",
    ["t.list(t.nullable(t.uint()))", "[1, null]"],
    t.list(t.nullable(t.uint())),
    [1, null],
  ),
  recipe(
    "null as a whole",
    ["t.nullable(t.string())", "null"],
    t.nullable(t.string()),
    null,
    "no bytes, as the frame says it",
  ),
  recipe(
    "absent as a whole",
    ["t.optional(t.string())", "undefined"],
    t.optional(t.string()),
    undefined,
    "no bytes, as the frame says it",
  ),
  recipe("nothing", ["t.nothing()", "undefined"], t.nothing(), undefined),
  recipe("dynamic", ["t.dynamic()", `[1, -1, 4294967296, 1.5, "a", null]`], t.dynamic(), [
    1,
    -1,
    4_294_967_296,
    1.5,
    "a",
    null,
  ], "whole numbers beyond 32 bits are floats"),
  recipe("dynamic null", ["t.dynamic()", "null"], t.dynamic(), null, "a byte of kind 0"),
  recipe("dynamic bigint", ["t.dynamic()", "1n"], t.dynamic(), 1n, "64 bits, though it is small"),
  recipe("raw", ["t.raw()", "new Uint8Array([1, 2])"], t.raw(), Uint8Array.of(1, 2)),
  recipe("empty raw", ["t.raw()", "new Uint8Array(0)"], t.raw(), new Uint8Array(0)),
];

export function valueVectors(): ValueVector[] {
  return VALUE_RECIPES.map(({ name, description, source: [source, shown], codec, value }) => {
    const kind = payloadKind(codec, value);
    const hex = kind === 0 ? t.toBytes(codec, value).toHex() : "";
    return { name, description, codec: source, value: shown, kind, hex };
  });
}
