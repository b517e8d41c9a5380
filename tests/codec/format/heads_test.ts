/** Each codec takes the type bytes that are its own, in every form, and names what stands there instead. @module */

import { assertEquals } from "@std/assert";
import * as t from "../../../lib/codec/mod.ts";
import { assertUnfit, hex, TYPES } from "../support.ts";

const INTEGER = ["an integer", "a float"];
const Shape = t.union("kind", { a: t.record({ n: t.optional(t.uint()) }) });

/** What a codec wants, by name, and of which types its values are. */
const WANTED: [codec: t.Codec<unknown>, wanted: string, types: string[]][] = [
  [t.boolean(), "a boolean", ["a boolean"]],
  [t.uint(), "a whole number from 0 to 2^53 - 1", INTEGER],
  [t.int(), "a whole number within ±(2^53 - 1)", INTEGER],
  [t.float(), "a number", INTEGER],
  [t.bigint(), "an integer", ["an integer", "bytes"]],
  [t.string(), "a string", ["a string"]],
  [t.string({ maxBytes: 3 }), "a string", ["a string"]],
  [t.enumeration(["a"]), "a string", ["a string"]],
  [t.literal(true), "a boolean", ["a boolean"]],
  [t.literal(1.5), "a number", INTEGER],
  [t.bytes(), "bytes", ["bytes"]],
  [t.list(t.uint()), "an array", ["an array"]],
  [t.list(t.string()), "an array", ["an array"]],
  [t.tuple([t.uint()]), "an array of 1", ["an array"]],
  [t.map(t.uint()), "a map", ["a map"]],
  [t.record({ a: t.uint() }), "a map", ["a map"]],
  [Shape, "a map", ["a map"]],
];

for (const [codec, wanted, types] of WANTED) {
  Deno.test(`where ${wanted} is wanted, values of ${types.join(" and ")} are read and no others`, () => {
    for (const [first, last, name] of TYPES) {
      for (let head = first; head <= last; head++) {
        const bytes = new Uint8Array(40);
        bytes[0] = head;
        const refused = `Cannot decode: the value must be ${wanted}, but is ${name}.`;
        if (types.includes(name)) assertEquals(outcome(codec, bytes) === refused, false);
        else assertEquals(outcome(codec, bytes), refused);
        // A value that may be nil takes nil beside them.
        const orNil = outcome(t.nullable(codec), bytes);
        if (name === "nil") assertEquals(orNil, null);
        else assertEquals(orNil, outcome(codec, bytes));
      }
    }
  });
}

/** What a codec makes of the first value in the bytes, or says of it. */
function outcome(codec: t.Codec<unknown>, bytes: Uint8Array): unknown {
  const reader = new t.ByteReader();
  reader.reset(bytes, 0, bytes.length);
  try {
    return codec.decode(reader);
  } catch (error) {
    return (error as Error).message;
  }
}

Deno.test("timestamps are told from all that is none, other extensions among it", () => {
  for (const [first, last, name] of TYPES) {
    for (let head = first; head <= last; head++) {
      const bytes = new Uint8Array(20);
      bytes[0] = head;
      assertUnfit(
        () => t.fromBytes(t.timestamp(), bytes),
        [0xc7, 0xd6, 0xd7].includes(head)
          ? "the value must be a timestamp, but is another extension"
          : `the value must be a timestamp, but is ${name}`,
      );
    }
  }
  // The type is right, but not the length.
  for (const bytes of ["c70bff 0000000000000000000000 00", "c70dff 00000000000000000000000000"]) {
    assertUnfit(() => t.fromBytes(t.timestamp(), hex(bytes)), "is another extension");
  }
});

/** A value, and all forms in which it may stand. */
const FORMS: [codec: t.Codec<unknown>, value: unknown, ...forms: string[]][] = [
  [t.string(), "a", "a161", "d90161", "da000161", "db0000000161"],
  [t.string({ maxBytes: 1 }), "a", "a161", "d90161", "da000161", "db0000000161"],
  [t.enumeration(["b", "a"]), "a", "a161", "d90161", "da000161", "db0000000161"],
  [t.bytes(), hex("07"), "c40107", "c5000107", "c60000000107"],
  [t.bigint(), 7n, "07", "cc07", "c40107", "c5000107", "c60000000107"],
  [t.list(t.uint()), [7], "9107", "dc000107", "dd0000000107"],
  [t.list(t.string()), ["a"], "91a161", "dc0001d90161", "dd00000001da000161"],
  [t.tuple([t.uint()]), [7], "9107", "dc000107", "dd0000000107"],
  [t.map(t.uint()), new Map([["a", 7]]), "81a16107", "de0001d9016107", "df00000001db000000016107"],
  [
    t.record({ a: t.uint() }),
    { a: 7 },
    "81a16107",
    "81d9016107",
    "de0001da00016107",
    "df00000001db000000016107",
  ],
  [
    Shape,
    { kind: "a", n: 7 },
    "82a46b696e64a161a16e07",
    "82d9046b696e64d90161a16e07",
    "de0002da00046b696e64da000161a16e07",
    "df00000002db000000046b696e64db0000000161a16e07",
    "82a16e07db000000046b696e64a161",
  ],
  [
    t.dynamic(),
    { a: "b" },
    "81a161a162",
    "de0001d90161d90162",
    "df00000001da000161da000162",
    "81db0000000161db0000000162",
  ],
  [t.dynamic(), ["a", 7], "92a16107", "dc0002a16107", "dd00000002d90161cc07"],
  [t.dynamic(), { 7: null }, "8107c0", "81cc07c0", "81cd0007c0", "81ce00000007c0", "81d007c0"],
  [t.dynamic(), 7, "07", "cc07", "cd0007", "ce00000007", "d007", "d10007", "d200000007"],
  [t.dynamic(), "", "a0", "d900", "da0000", "db00000000"],
  [t.dynamic(), [], "90", "dc0000", "dd00000000"],
  [t.dynamic(), {}, "80", "de0000", "df00000000"],
  [t.dynamic(), null, "c0"],
  [t.dynamic(), false, "c2"],
  [t.dynamic(), true, "c3"],
  [t.dynamic(), 127, "7f", "cc7f"],
  [t.dynamic(), -1, "ff", "d0ff", "d1ffff", "d2ffffffff"],
  [t.dynamic(), -32, "e0", "d0e0"],
  [t.dynamic(), "a".repeat(31), `bf${"61".repeat(31)}`],
  [t.dynamic(), { [-32]: 1 }, "81e001", "81d0e001"],
  [t.dynamic(), { "": 1 }, "81a001", "81d90001"],
  [t.dynamic(), 7n, "cf0000000000000007", "d30000000000000007"],
  [t.dynamic(), 1.5, "ca3fc00000", "cb3ff8000000000000"],
  [t.dynamic(), hex("07"), "c40107", "c5000107", "c60000000107"],
];

for (const [codec, value, ...forms] of FORMS) {
  Deno.test(`${forms[0]} is read in longer forms, too: ${forms.slice(1).join(", ")}`, () => {
    for (const form of forms) assertEquals(t.fromBytes(codec, hex(form)), value, form);
  });
}

Deno.test("a union's reader passes over keys of every type, and what they stand for", () => {
  const values = [
    ...["05", "ff", "c0", "c2", "a162", "d90162", "90", "80", "c40107", "c7010507", "d40507"],
    ...["ca3fc00000", "cd0100", "dc000107", "dd0000000107", "de0001a16107", "df0000000105c0"],
  ];
  for (const key of values) {
    for (const value of values) {
      const bytes = hex(`82 ${key} ${value} a46b696e64 a161`);
      assertEquals(t.fromBytes(Shape, bytes), { kind: "a" }, `${key} ${value}`);
      assertEquals(t.fromBytes(t.record({}), bytes), {});
    }
  }
});

Deno.test("dynamic() says which key it cannot carry", () => {
  const words = "has a key that is neither a string nor a number";
  for (
    const key of ["c0", "c3", "90", "80", "c40107", "cf0000000000000007", "d30000000000000007"]
  ) {
    assertUnfit(() => t.fromBytes(t.dynamic(), hex(`81 ${key} c0`)), words);
  }
});
