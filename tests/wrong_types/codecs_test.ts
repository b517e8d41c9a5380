/** Options of codecs, given values of wrong types. @module */

import * as t from "@internode/grid/codec";
import { type Kind, wrongOptions, wrongTypes } from "./wrong_types.ts";

const COUNT: { readonly maxItems: Kind } = { maxItems: "number" };
const DEPTH: { readonly maxDepth: Kind } = { maxDepth: "number" };
wrongTypes<t.CountOptions>("list", (options) => t.list(t.uint(), options), COUNT);
wrongTypes<t.CountOptions>("map", (options) => t.map(t.uint(), options), COUNT);
wrongTypes<t.LengthOptions>("string", (options) => t.string(options), { maxBytes: "number" });
wrongTypes<t.LengthOptions>("bytes", (options) => t.bytes(options), { maxBytes: "number" });
wrongTypes<t.DynamicOptions>("dynamic", (options) => t.dynamic(options), { ...COUNT, ...DEPTH });
wrongTypes<t.LazyOptions>("lazy", (options) => t.lazy(() => t.uint(), options), {
  ...COUNT,
  ...DEPTH,
});
wrongOptions("list", (options) => t.list(t.uint(), options));
wrongOptions("map", (options) => t.map(t.uint(), options));
wrongOptions("string", (options) => t.string(options));
wrongOptions("bytes", (options) => t.bytes(options));
wrongOptions("dynamic", (options) => t.dynamic(options));
wrongOptions("lazy", (options) => t.lazy(() => t.uint(), options));

/** A codec that others hold. */
const CODEC = { codec: { good: [], named: "codec" } } as const;
for (
  const [what, make] of [
    ["list", t.list],
    ["map", t.map],
    ["optional", t.optional],
    ["nullable", t.nullable],
    ["tuple", (codec: never) => t.tuple([codec])],
    ["record", (codec: never) => t.record({ codec })],
    ["union", (codec: never) => t.union("tag", { codec })],
    ["validated", (codec: never) => t.validated(codec, SCHEMA)],
    ["toBytes", (codec: never) => t.toBytes(codec, 4 as never)],
    ["fromBytes", (codec: never) => t.fromBytes(codec, Uint8Array.of(4))],
  ] as const
) {
  wrongTypes<{ codec: unknown }>(what, ({ codec }) => make(codec as never), CODEC);
}
const SCHEMA = {
  "~standard": { version: 1, vendor: "a", validate: () => ({ value: 4 }) },
} as const;
wrongTypes<{ codec: unknown }>("lazy", ({ codec }) => t.lazy(codec as never), {
  codec: "function",
});
wrongTypes<{ schema: unknown }>(
  "validated",
  ({ schema }) => t.validated(t.uint(), schema as never),
  { schema: "methods" },
);
wrongTypes<{ fields: unknown }>("record", ({ fields }) => t.record(fields as never), {
  fields: "fields",
});
wrongTypes<{ items: unknown }>("tuple", ({ items }) => t.tuple(items as never), {
  items: { good: ["list"] },
});
wrongTypes<{ values: unknown }>("enumeration", ({ values }) => t.enumeration(values as never), {
  values: { good: [], bad: [[4], [null]], named: "value" },
});
wrongTypes<{ value: unknown }>("literal", ({ value }) => t.literal(value as never), {
  value: { good: ["number", "text", "true"], named: "literal" },
});
wrongTypes<{ tag: unknown; variants: unknown }>(
  "union",
  ({ tag = "tag", variants = { a: t.record({}) } }) => t.union(tag as never, variants as never),
  { tag: "text", variants: { good: [], named: "variant" } },
);
wrongTypes<{ bytes: unknown }>("fromBytes", ({ bytes }) => t.fromBytes(t.uint(), bytes as never), {
  bytes: "bytes",
});
