/**
 * What TypeScript makes of contracts; checked when the tests are compiled.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import * as t from "../../lib/codec/mod.ts";

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2) ? true
  : false;

function same<A, B>(_proof: Same<A, B>): void {}

/** Named by hand, as users export theirs. */
const LockArgs: t.Codec<{ uid: string; resources: string[]; source?: string; quorum?: number }> = t
  .record({
    uid: t.string(),
    resources: t.list(t.string()),
    source: t.optional(t.string()),
    quorum: t.optional(t.uint()),
  });

Deno.test("types are inferred as they are written down by hand", () => {
  const Entry = t.record({
    name: t.string(),
    size: t.optional(t.uint()),
    owner: t.nullable(t.string()),
    note: t.optional(t.nullable(t.string())),
    inner: t.record({ data: t.bytes(), big: t.bigint(), at: t.timestamp() }),
    tags: t.map(t.list(t.boolean())),
    mode: t.enumeration(["read", "write"]),
    version: t.literal(1),
    pair: t.tuple([t.int(), t.string()]),
    any: t.dynamic(),
  });
  same<t.Infer<typeof Entry>, {
    name: string;
    owner: string | null;
    inner: { data: Uint8Array; big: bigint; at: Date };
    tags: Map<string, boolean[]>;
    mode: "read" | "write";
    version: 1;
    pair: [number, string];
    any: unknown;
    size?: number;
    note?: string | null;
  }>(true);
  const Event = t.union("kind", {
    made: t.record({ name: t.string(), size: t.optional(t.uint()) }),
    gone: t.record({}),
  });
  same<t.Infer<typeof Event>, { kind: "made"; name: string; size?: number } | { kind: "gone" }>(
    true,
  );
  same<
    t.Infer<typeof LockArgs>,
    { uid: string; resources: string[]; source?: string; quorum?: number }
  >(true);
  same<t.Infer<ReturnType<typeof t.nothing>>, void>(true);
  same<t.Infer<t.OptionalCodec<string>>, string | undefined>(true);
  const optional = t.optional(t.string());
  same<typeof optional, t.OptionalCodec<string>>(true);
});

Deno.test("wrong values do not compile", () => {
  const codec = t.record({ name: t.string(), size: t.optional(t.uint()) });
  const check = (run: () => unknown) => assertEquals(typeof run, "function");
  // @ts-expect-error a field is missing
  check(() => t.toBytes(codec, { size: 1 }));
  // @ts-expect-error a field has the wrong type
  check(() => t.toBytes(codec, { name: 1 }));
  // @ts-expect-error left out is not undefined
  check(() => t.toBytes(codec, { name: "a", size: undefined }));
  // @ts-expect-error no such variant
  check(() => t.toBytes(t.union("kind", { a: t.record({}) }), { kind: "b" }));
  const schema = {} as t.StandardSchema<number>;
  // @ts-expect-error the schema takes something else than the codec carries
  check(() => t.validated(t.string(), schema));
});
