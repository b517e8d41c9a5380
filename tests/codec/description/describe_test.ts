/**
 * What codecs say of themselves.
 *
 * @module
 */

import { assertEquals, assertStrictEquals } from "@std/assert";
import { z } from "zod";
import * as t from "../../../lib/codec/mod.ts";
import { readDescription } from "../../../lib/codec/description/read_description.ts";
import { makeSample } from "../generator.ts";
import { seededRandom } from "../random.ts";
import { assertRefused, assertRoundTrip } from "../support.ts";

const CASES: readonly [t.Codec<unknown>, t.Description][] = [
  [t.boolean(), { type: "boolean" }],
  [t.uint(), { type: "uint" }],
  [t.int(), { type: "int" }],
  [t.float(), { type: "float" }],
  [t.bigint(), { type: "bigint" }],
  [t.timestamp(), { type: "timestamp" }],
  [t.raw(), { type: "raw" }],
  [t.nothing(), { type: "nothing" }],
  [t.string(), { type: "string" }],
  [t.string({ maxBytes: 0 }), { type: "string", maxBytes: 0 }],
  [t.bytes({ maxBytes: 9 }), { type: "bytes", maxBytes: 9 }],
  [t.bytes(), { type: "bytes" }],
  [t.literal("a"), { type: "literal", value: "a" }],
  [t.literal(1.5), { type: "literal", value: 1.5 }],
  [t.literal(false), { type: "literal", value: false }],
  [t.enumeration(["b", "a", "b"]), { type: "enumeration", values: ["b", "a"] }],
  [t.list(t.uint()), { type: "list", item: { type: "uint" }, maxItems: 1_000_000 }],
  [t.map(t.uint(), { maxItems: 2 }), { type: "map", item: { type: "uint" }, maxItems: 2 }],
  [t.tuple([t.uint(), t.string()]), {
    type: "tuple",
    items: [{ type: "uint" }, { type: "string" }],
  }],
  [t.nullable(t.uint()), { type: "nullable", value: { type: "uint" } }],
  [t.optional(t.uint()), { type: "optional", value: { type: "uint" } }],
  [
    t.validated(t.uint(), z.number()),
    { type: "validated", value: { type: "uint" }, vendor: "zod" },
  ],
  [t.dynamic({ maxDepth: 3 }), { type: "dynamic", maxDepth: 3, maxItems: 1_000_000 }],
  [
    t.record({ a: t.uint(), b: t.optional(t.nullable(t.string())) }),
    {
      type: "record",
      fields: [
        { name: "a", value: { type: "uint" } },
        { name: "b", optional: true, value: { type: "nullable", value: { type: "string" } } },
      ],
    },
  ],
  [
    t.union("kind", { on: t.record({ at: t.uint() }), off: t.record({}) }),
    {
      type: "union",
      tag: "kind",
      variants: [
        { tag: "on", fields: [{ name: "at", value: { type: "uint" } }] },
        { tag: "off", fields: [] },
      ],
    },
  ],
];

Deno.test("each codec of ours describes itself, and JSON carries it unchanged", () => {
  for (const [codec, wanted] of CASES) {
    assertEquals(t.describe(codec), wanted);
    assertEquals(readDescription(JSON.parse(JSON.stringify(t.describe(codec)))), wanted);
  }
});

Deno.test("docs stand where they were given, and change nothing of the bytes", () => {
  const Name = t.documented(t.string({ maxBytes: 9 }), "A name.");
  const Created = t.documented(t.record({ name: Name }), "It is new.");
  const Event = t.documented(t.union("kind", { created: Created }), "What happened.");
  const Page = t.record({
    event: Event,
    after: t.documented(t.optional(t.documented(t.uint(), "A number.")), "Where to go on."),
  });
  assertEquals(t.describe(Page), {
    type: "record",
    fields: [
      {
        name: "event",
        value: {
          type: "union",
          tag: "kind",
          variants: [{
            tag: "created",
            docs: "It is new.",
            fields: [{ name: "name", value: { type: "string", maxBytes: 9, docs: "A name." } }],
          }],
          docs: "What happened.",
        },
      },
      {
        name: "after",
        optional: true,
        docs: "Where to go on.",
        value: { type: "uint", docs: "A number." },
      },
    ],
  });
  const page: t.Infer<typeof Page> = { event: { kind: "created", name: "a" }, after: 3 };
  const Plain = t.record({
    event: t.union("kind", { created: t.record({ name: t.string({ maxBytes: 9 }) }) }),
    after: t.optional(t.uint()),
  });
  assertEquals(t.toBytes(Page, page), t.toBytes(Plain, page));
  assertRoundTrip(Page, page);
  assertEquals(t.describe(t.string()), { type: "string" }, "the shared codec has no docs");
});

Deno.test("docs do not change what a random contract carries", () => {
  const random = seededRandom("documented");
  for (let i = 0; i < 50; i++) {
    const { codec, make } = makeSample(random);
    const value = make();
    const documented = t.documented(codec, "Anything.");
    assertEquals(t.toBytes(documented, value), t.toBytes(codec, value), `seed ${random.seed}`);
    const { docs, ...rest } = t.describe(documented);
    assertEquals(docs, "Anything.");
    assertEquals(rest, t.describe(codec) as typeof rest, `seed ${random.seed}`);
  }
});

Deno.test("docs that are no text or too long are refused", () => {
  assertRefused(
    () => t.documented(t.uint(), 5 as unknown as string),
    "Option docs must be a string",
  );
  assertRefused(() => t.documented(t.uint(), "x".repeat(4_097)), "at most 4096 characters");
  assertRefused(
    () => t.documented({} as t.Codec<unknown>, "x"),
    "must be an object with the method encode",
  );
});

interface Folder {
  name: string;
  folders: Folder[];
}

Deno.test("a codec that contains itself is described once", () => {
  const Part: t.Codec<Folder> = t.lazy(() => Folder, { maxDepth: 9, maxItems: 5 });
  const Folder: t.Codec<Folder> = t.record({ name: t.string(), folders: t.list(Part) });
  const record = (item: t.Description): t.Description => ({
    type: "record",
    fields: [
      { name: "name", value: { type: "string" } },
      { name: "folders", value: { type: "list", item, maxItems: 1_000_000 } },
    ],
  });
  const value = record({ type: "ref", id: 1 });
  const lazy: t.Description = { type: "lazy", id: 1, value, maxDepth: 9, maxItems: 5 };
  assertEquals(t.describe(Folder), record(lazy));
  assertEquals(t.describe(t.tuple([Part, Part])), {
    type: "tuple",
    items: [lazy, { type: "ref", id: 1 }],
  });
});

Deno.test("descriptions without end have one", () => {
  const endless = (): t.Codec<unknown> =>
    t.lazy(() => t.tuple([endless(), endless()])) as t.Codec<unknown>;
  let wide: t.Codec<unknown> = t.uint() as t.Codec<unknown>;
  for (let i = 0; i < 30; i++) wide = t.tuple([wide, wide]) as unknown as t.Codec<unknown>;
  for (const codec of [endless(), wide]) {
    assertEquals(JSON.stringify(t.describe(codec)).includes(`{"type":"custom"}`), true);
  }
});

function own(rest: Partial<t.Codec<unknown>>): t.Codec<unknown> {
  return {
    encode: (value, writer) => t.uint().encode(value as number, writer),
    decode: (reader) => t.uint().decode(reader),
    ...rest,
  };
}

Deno.test("a user's codec says nothing, something, or what does not count", () => {
  assertEquals(t.describe(own({})), { type: "custom" });
  assertEquals(t.describe(t.list(own({}), { maxItems: 1 })), {
    type: "list",
    item: { type: "custom" },
    maxItems: 1,
  });
  assertEquals(t.describe(own({ describe: () => ({ type: "uint", docs: "Mine." }) })), {
    type: "uint",
    docs: "Mine.",
  });
  assertEquals(
    t.describe(own({ describe: (part) => ({ type: "nullable", value: part(t.uint()) }) })),
    { type: "nullable", value: { type: "uint" } },
  );
  for (const odd of [null, 5, {}, { type: "record" }, { type: 5 }, Promise.resolve({})]) {
    assertEquals(t.describe(own({ describe: () => odd as t.Description })), { type: "custom" });
  }
  // One that is async by mistake: its rejection must not go unhandled.
  const rejects = own({ describe: () => Promise.reject(new Error("no")) as never });
  assertEquals(t.describe(rejects), { type: "custom" });
  assertEquals(
    t.describe(own({
      describe() {
        throw new Error("no");
      },
    })),
    { type: "custom" },
  );
  const getter = Object.defineProperty(own({}), "describe", {
    get() {
      throw new Error("no");
    },
  });
  assertEquals(t.describe(getter), { type: "custom" });
});

Deno.test("the flags of a user's codec are part of its description", () => {
  const both = own({ optional: true, nullable: true, describe: () => ({ type: "uint" }) });
  assertEquals(t.describe(both), {
    type: "optional",
    value: { type: "nullable", value: { type: "uint" } },
  });
  assertEquals(t.describe(t.record({ a: both })), {
    type: "record",
    fields: [{
      name: "a",
      optional: true,
      value: { type: "nullable", value: { type: "uint" } },
    }],
  });
});

Deno.test("a user's codec keeps what it is when it has docs", () => {
  const documented = t.documented(own({ nullable: true }), "Mine.");
  assertStrictEquals(documented.nullable, true);
  assertEquals(t.fromBytes(documented, t.toBytes(documented, 5)), 5);
  assertEquals(t.describe(documented), {
    type: "nullable",
    value: { type: "custom" },
    docs: "Mine.",
  });
  assertEquals(t.describe(t.documented(t.raw(), "Bytes.")), { type: "raw", docs: "Bytes." });
});

Deno.test("what is no codec is not described", () => {
  for (const odd of [null, {}, 5, "x"]) {
    assertRefused(() => t.describe(odd as unknown as t.Codec<unknown>), "Option codec");
  }
});

Deno.test("a description from elsewhere is checked, and what is unknown becomes custom", () => {
  assertEquals(
    readDescription({
      type: "list",
      item: { type: "matrix", rows: 3, docs: "From later." },
      maxItems: 3,
      colour: "red",
    }),
    { type: "list", item: { type: "custom", kind: "matrix", docs: "From later." }, maxItems: 3 },
  );
  const cases: readonly [unknown, string][] = [
    [null, "the description must be an object, not null"],
    [[], "the description must be an object"],
    [{}, "the description.type must be a text, not undefined"],
    [{ type: "list", item: { type: "uint" } }, "the description.maxItems must be a whole number"],
    [{ type: "list", item: 5, maxItems: 1 }, "the description.item must be an object, not 5"],
    [{ type: "enumeration", values: [] }, "at least one text"],
    [{ type: "enumeration", values: ["a", 1] }, "the description.values[1] must be a text, not 1"],
    [{ type: "literal", value: {} }, "the description.value must be a text, a finite number"],
    [
      { type: "record", fields: [{ name: "a" }] },
      "the description.fields[0].value must be an object",
    ],
    [{ type: "uint", docs: 5 }, "the description.docs must be a text, not 5"],
    [
      { type: "union", tag: "k", variants: [{ tag: "a", fields: [{}] }] },
      "the description.variants[0].fields[0].name must be a text",
    ],
  ];
  for (const [value, words] of cases) assertRefused(() => readDescription(value), words);
  let deep: unknown = { type: "uint" };
  for (let i = 0; i < 600; i++) deep = { type: "nullable", value: deep };
  assertRefused(() => readDescription(deep), "at most 500 levels");
});
