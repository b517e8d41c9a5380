/**
 * Lists, tuples, maps, unions, presence, recursion.
 *
 * @module
 */

import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { encode } from "@msgpack/msgpack";
import * as t from "../../../lib/codec/mod.ts";
import { interpretList, interpretRecord } from "../interpreted.ts";
import { InternodeError } from "../../../lib/errors.ts";
import { assertBytes, assertRefused, assertRoundTrip, assertUnfit, hex } from "../support.ts";

Deno.test("lists of every length around every edge", () => {
  assertBytes(t.list(t.uint()), [1, 2], "92 01 02");
  assertBytes(t.list(t.uint()), [], "90");
  for (const length of [1, 15, 16, 17, 65_535, 65_536]) {
    const value = Array.from({ length }, (_, i) => i % 100);
    assertEquals(t.toBytes(t.list(t.uint()), value), encode(value));
    assertRoundTrip(t.list(t.uint()), value);
  }
  assertUnfit(() => t.toBytes(t.list(t.uint()), { length: 1 } as unknown as number[]), "an array");
  assertUnfit(() => t.toBytes(t.list(t.uint()), new Array(2)), "[0] must be a whole number");
  assertUnfit(() => t.fromBytes(t.list(t.uint()), hex("92 01 c0")), "[1] must be a whole number");
});

Deno.test("limits on counts hold in both directions", () => {
  const Few = t.list(t.uint(), { maxItems: 2 });
  assertRoundTrip(Few, [1, 2]);
  assertUnfit(() => t.toBytes(Few, [1, 2, 3]), "has 3 items, over its limit maxItems of 2");
  assertUnfit(() => t.fromBytes(Few, hex("93 01 02 03")), "has 3 items");
  const Small = t.map(t.uint(), { maxItems: 1 });
  assertUnfit(() => t.toBytes(Small, new Map([["a", 1], ["b", 2]])), "has 2 items");
  assertUnfit(() => t.fromBytes(Small, hex("82 a161 01 a162 02")), "has 2 items");
  assertRefused(() => t.list(t.uint(), { maxItems: -1 }), "maxItems");
  assertRefused(() => t.map(t.uint(), { maxItems: 0.5 }), "maxItems");
  const many = new Uint8Array(1_000_006);
  many.set(hex("dd000f4241"));
  assertUnfit(
    () => t.fromBytes(t.list(t.uint()), many),
    "has 1000001 items, over its limit maxItems of 1000000",
  );
});

Deno.test("tuples have one length", () => {
  const Pair = t.tuple([t.string(), t.nullable(t.uint())]);
  assertBytes<[string, number | null]>(Pair, ["a", 1], "92 a161 01");
  assertBytes<[string, number | null]>(Pair, ["a", null], "92 a161 c0");
  assertUnfit(
    () => t.toBytes(Pair, ["a"] as unknown as [string, number]),
    "an array of 2, but has 1",
  );
  assertUnfit(() => t.fromBytes(Pair, hex("93 a161 01 01")), "an array of 2, but has 3");
  assertUnfit(() => t.fromBytes(Pair, hex("92 a161 a162")), "[1] must be a whole number");
  assertRefused(() => t.tuple([t.optional(t.uint())]), "optional()");
});

Deno.test("maps take any key, none of them special", () => {
  const Sizes = t.map(t.uint());
  assertBytes(Sizes, new Map([["a", 1]]), "81 a161 01");
  assertRoundTrip(Sizes, new Map([["__proto__", 1], ["constructor", 2], ["", 3], ["1", 4]]));
  assertRoundTrip(Sizes, new Map(Array.from({ length: 70_000 }, (_, i) => [`${i}`, i])));
  assertUnfit(() => t.fromBytes(Sizes, hex("82 a161 01 a161 02")), 'has the key "a" twice');
  assertUnfit(
    () => t.fromBytes(Sizes, hex("81 05 01")),
    "has a key that must be a string, but is an integer",
  );
  assertUnfit(
    () => t.toBytes(Sizes, { a: 1 } as unknown as Map<string, number>),
    "must be a Map, but is an object",
  );
  assertUnfit(
    () => t.toBytes(Sizes, new Map([[1, 1]]) as unknown as Map<string, number>),
    "keys are all strings",
  );
});

const Shape = t.union("kind", {
  circle: t.record({ radius: t.float() }),
  square: t.record({ side: t.uint(), label: t.optional(t.string()) }),
  point: t.record({}),
});
type Shape = t.Infer<typeof Shape>;

Deno.test("a union is the variant's record with the tag first", () => {
  assertBytes<Shape>(
    Shape,
    { kind: "square", side: 2 },
    "82 a46b696e64 a6737175617265 a473696465 02",
  );
  assertRoundTrip<Shape>(Shape, { kind: "circle", radius: 0.5 });
  assertRoundTrip<Shape>(Shape, { kind: "square", side: 1, label: "s" });
  assertRoundTrip<Shape>(Shape, { kind: "point" });
});

Deno.test("a union's tag is found wherever it stands", () => {
  assertEquals<Shape>(t.fromBytes(Shape, encode({ side: 2, odd: [1, { a: 2 }], kind: "square" })), {
    kind: "square",
    side: 2,
  });
  assertEquals<Shape>(t.fromBytes(Shape, hex("82 05 90 d9046b696e64 d905706f696e74")), {
    kind: "point",
  });
});

Deno.test("a union refuses other tags", () => {
  assertUnfit(
    () => t.toBytes(Shape, { kind: "hexagon" } as unknown as Shape),
    'kind must be one of "circle", "square", "point", but is the string "hexagon"',
  );
  assertUnfit(() => t.toBytes(Shape, {} as Shape), "kind must be one of");
  assertUnfit(() => t.toBytes(Shape, null as unknown as Shape), "must be an object");
  assertUnfit(
    () => t.fromBytes(Shape, encode({ kind: "toString" })),
    'but is the string "toString"',
  );
  assertUnfit(
    () => t.fromBytes(Shape, encode({ kind: 5 })),
    "kind must be a string, but is an integer",
  );
  assertUnfit(() => t.fromBytes(Shape, encode({ side: 5 })), "kind is missing");
  assertUnfit(() => t.fromBytes(Shape, encode({ kind: "square" })), "side is missing");
  assertUnfit(() => t.fromBytes(Shape, encode([])), "must be a map");
  assertRefused(() => t.union("kind", { a: t.uint() }), "must be a record()");
  assertRefused(() => t.union("kind", { a: t.record({ kind: t.uint() }) }), "the union's tag");
  assertRefused(() => t.union("kind", {}), "at least one");
});

Deno.test("optional and nullable say so to the frame, and nest as nil", () => {
  const optional = t.optional(t.uint()), nullable = t.nullable(t.uint());
  const both = t.optional(t.nullable(t.uint()));
  assertEquals([optional.optional, optional.nullable], [true, false]);
  assertEquals([nullable.optional, nullable.nullable], [false, true]);
  assertEquals([both.optional, both.nullable], [true, true]);
  assertEquals([t.uint().optional, t.uint().nullable, t.nothing().optional], [false, false, true]);
  assertBytes(nullable, null, "c0");
  assertBytes(nullable, 5, "05");
  assertBytes(optional, 5, "05");
  assertUnfit(() => t.toBytes(optional, undefined), "but is undefined");
  assertBytes(t.list(nullable), [1, null], "92 01 c0");
  const Field = t.record({ a: both, b: nullable });
  assertBytes(Field, { b: null }, "81 a162 c0");
  assertBytes(Field, { a: null, b: 1 }, "82 a161 c0 a162 01");
  assertUnfit(() => t.fromBytes(Field, hex("81 a161 01")), "b is missing");
  assertUnfit(
    () => t.fromBytes(t.record({ a: optional }), hex("81 a161 c0")),
    "a must be a whole number",
  );
});

Deno.test("what cannot be part of something is refused at once", () => {
  assertRefused(
    () => t.list(t.optional(t.uint())),
    "The codec of a list is invalid: it contains optional()",
  );
  assertRefused(
    () => t.map(t.optional(t.uint())),
    "The codec of a map is invalid: it contains optional()",
  );
  assertRefused(
    () => t.nullable(t.optional(t.uint())),
    "The codec of nullable() is invalid: it contains optional()",
  );
  assertRefused(
    () => t.optional(t.optional(t.uint())),
    "The codec of optional() is invalid: it contains optional()",
  );
  assertRefused(() => t.list(t.raw()), "raw()");
  assertRefused(() => t.list(t.nothing() as t.Codec<unknown>), "nothing()");
});

interface Folder {
  name: string;
  folders: Folder[];
}
const Folder: t.Codec<Folder> = t.record({
  name: t.string(),
  folders: t.list(t.lazy(() => Folder)),
});

/** Folders in folders: each level is two containers, a record and a list. */
function nested(levels: number): Folder {
  let folder: Folder = { name: "leaf", folders: [] };
  for (let i = 0; i < levels; i++) folder = { name: `${i}`, folders: [folder] };
  return folder;
}

Deno.test("recursion is limited in both directions", () => {
  assertRoundTrip(Folder, nested(31));
  assertUnfit(
    () => t.toBytes(Folder, nested(32)),
    "is nested deeper than its limit maxDepth of 64",
  );
  assertUnfit(
    () => t.fromBytes(Folder, encode(nested(32))),
    "is nested deeper than its limit maxDepth of 64",
  );
  const cycle = nested(0);
  cycle.folders.push(cycle);
  assertUnfit(() => t.toBytes(Folder, cycle), "folders[0].folders[0].folders[0]");
  interface Node {
    next: Node | null;
  }
  const Node: t.Codec<Node> = t.record({
    next: t.nullable(t.lazy(() => Node, { maxDepth: 1_000 })),
  });
  let node: Node = { next: null };
  for (let i = 0; i < 999; i++) node = { next: node };
  assertRoundTrip(Node, node);
  assertUnfit(() => t.toBytes(Node, { next: { next: node } }), "maxDepth of 1000");
  for (const maxDepth of [0, 1_001, 1.5, NaN]) {
    assertRefused(() => t.lazy(() => Node, { maxDepth }), "maxDepth");
  }
});

Deno.test("unknown fields may be nested at will", () => {
  const deep = new Uint8Array(200_000).fill(0x91);
  deep.set(hex("82 a178"));
  deep.set(hex("c0 a179 05"), deep.length - 4);
  assertEquals(t.fromBytes(t.record({ y: t.uint() }), deep), { y: 5 });
});

Deno.test("a user's own codec can be a part", () => {
  const upper: t.Codec<string> = {
    encode: (value, writer) => t.string().encode(value.toLowerCase(), writer),
    decode: (reader) => t.string().decode(reader).toUpperCase(),
  };
  const Part = t.record({ name: upper, none: t.list({ ...upper, nullable: true }) });
  assertRoundTrip(Part, { name: "A", none: ["B"] });
  const nils = { name: "A", none: [null, "B"] } as unknown as t.Infer<typeof Part>;
  assertRoundTrip(Part, nils);
  assertUnfit(
    () => t.fromBytes(Part, encode({ name: 5, none: [] })),
    "name does not fit: Cannot decode: the value must be a string",
  );
  const broken: t.Codec<string> = {
    encode: () => {
      throw new TypeError("its own fault");
    },
    decode: () => {
      throw new TypeError("its own fault");
    },
  };
  let caught: unknown;
  try {
    t.toBytes(t.list(broken), ["a"]);
  } catch (error) {
    caught = error;
  }
  assertStrictEquals((caught as Error).message, "its own fault");
});

/** A codec of a user's own: a number in one byte, 0xc0 for instance, and nothing about flags unless given. */
function own(flags: { nullable?: boolean; optional?: boolean } = {}): t.Codec<number | null> {
  return {
    ...flags,
    encode(value, writer): void {
      if (typeof value !== "number") throw new TypeError("a number is wanted");
      writer.append(Uint8Array.of(value));
    },
    decode: (reader) => reader.takeBytes(1)[0]!,
  };
}

Deno.test("nil is a byte like others to a user's own codec that does not say that it is nullable", () => {
  assertBytes(t.list(own()), [0xc0, 1], "92 c0 01");
  assertThrows(() => t.toBytes(t.list(own()), [null]), TypeError, "a number is wanted");
  assertBytes(t.list(own({ nullable: true })), [null, 1], "92 c0 01");
});

Deno.test("a user's own codec that does not say that it is optional gets every field to write", () => {
  const field = t.record({ a: own() as t.Codec<number | undefined> });
  assertThrows(() => t.toBytes(field, { a: undefined }), TypeError, "a number is wanted");
  const left = t.record({ a: own({ optional: true }) as t.OptionalCodec<number> });
  assertBytes(left, {}, "80");
});

Deno.test("what a user's own codec throws is its own, unless it is that the payload is invalid", () => {
  const failing = (error: unknown): t.Codec<unknown> => ({
    encode: () => {
      throw error;
    },
    decode: () => {
      throw error;
    },
  });
  const other = new InternodeError("Overloaded", "no more");
  for (
    const run of [t.toBytes, t.fromBytes] as ((codec: t.Codec<unknown>, value: never) => void)[]
  ) {
    const value = (run === t.toBytes ? [1] : hex("91 01")) as never;
    for (const foreign of [other, { code: "InvalidPayload", message: "not ours" }, null]) {
      let thrown: unknown;
      try {
        run(t.list(failing(foreign)) as t.Codec<unknown>, value);
      } catch (error) {
        thrown = error;
      }
      assertStrictEquals(thrown, foreign);
    }
    const invalid = new InternodeError("InvalidPayload", "must be even.");
    assertUnfit(
      () => run(t.list(failing(invalid)) as t.Codec<unknown>, value),
      "[0] does not fit: must be even.",
    );
  }
});

/** What can stand around a value of any codec: a codec of it, and a value with it in it. */
const AROUND: [
  what: string,
  around: (inner: t.Codec<unknown>) => t.Codec<unknown>,
  wrap: (inner: unknown) => unknown,
][] = [
  ["a list", (inner) => t.list(inner), (inner) => [inner]],
  ["an interpreted list", (inner) => interpretList(inner, 9), (inner) => [inner]],
  ["a tuple", (inner) => t.tuple([t.uint(), inner]), (inner) => [5, inner]],
  ["a map", (inner) => t.map(inner), (inner) => new Map([["a", inner]])],
  ["a record", (inner) => t.record({ a: inner }), (inner) => ({ a: inner })],
  ["an optional field", (inner) => t.record({ a: t.optional(inner) }), (inner) => ({ a: inner })],
  ["an interpreted record", (inner) => interpretRecord(t.record({ a: inner })), (inner) => ({
    a: inner,
  })],
  [
    "a union",
    (inner) => t.union("kind", { a: t.record({ b: inner }) }),
    (inner) => ({ kind: "a", b: inner }),
  ],
  ["a nullable list", (inner) => t.nullable(t.list(inner)), (inner) => [inner]],
];

for (const [what, around, wrap] of AROUND) {
  Deno.test(`${what} is one container around what is in it, in both directions`, () => {
    for (
      const [maxDepth, codecOf, valueOf] of [
        [1, around, wrap],
        [
          2,
          (inner: t.Codec<unknown>) => around(around(inner)),
          (inner: unknown) => wrap(wrap(inner)),
        ],
      ] as const
    ) {
      const inner = t.dynamic({ maxDepth }), codec = codecOf(inner), deep = valueOf([5]);
      assertRoundTrip(codec, valueOf(5));
      assertRoundTrip(codec, valueOf([]));
      assertUnfit(() => t.toBytes(codec, deep), `its limit maxDepth of ${maxDepth}`);
      const bytes = t.toBytes(codecOf(t.dynamic()), deep);
      assertUnfit(() => t.fromBytes(codec, bytes), `its limit maxDepth of ${maxDepth}`);
      const Lazy = codecOf(t.lazy(() => t.uint(), { maxDepth }));
      assertUnfit(() => t.toBytes(Lazy, valueOf(5)), `its limit maxDepth of ${maxDepth}`);
      assertRoundTrip(codecOf(t.lazy(() => t.uint(), { maxDepth: maxDepth + 1 })), valueOf(5));
    }
  });
}
