/**
 * Standard Schemas on the receiving side: zod's, and one made by hand.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { z } from "zod";
import * as t from "../../../lib/codec/mod.ts";
import { assertRefused, assertRoundTrip, assertUnfit } from "../support.ts";

const Lock = t.validated(
  t.record({ uid: t.string(), sizes: t.list(t.uint()), source: t.optional(t.string()) }),
  z.object({
    uid: z.string().min(2),
    sizes: z.array(z.number().max(10)),
    source: z.string().optional(),
  }),
);

Deno.test("a zod schema judges what was read, not what is written", () => {
  assertRoundTrip(Lock, { uid: "ab", sizes: [1] });
  const bytes = t.toBytes(Lock, { uid: "ab", sizes: [1, 11] });
  const error = assertUnfit(
    () => t.fromBytes(Lock, bytes),
    "Cannot decode: sizes[1] is not valid: ",
  );
  assertEquals(error.origin, "remote");
});

Deno.test("several issues are told, the first with the path", () => {
  const bytes = t.toBytes(Lock, { uid: "a", sizes: [11, 12, 13, 14] });
  const { message } = assertUnfit(() => t.fromBytes(Lock, bytes), "uid is not valid: ");
  assertEquals(message.split("; ").length, 4);
  assertEquals(message.includes("; sizes[0] ") && message.endsWith("; and 2 more."), true);
});

Deno.test("a schema can stand at any depth, and narrow or complete the value", () => {
  const Uid = z.string().regex(/^[0-9a-f]+$/).brand<"Uid">();
  const Nested = t.record({ uids: t.list(t.validated(t.string(), Uid)) });
  const value: t.Infer<typeof Nested> = { uids: [Uid.parse("ff")] };
  assertRoundTrip(Nested, value);
  const bytes = t.toBytes(t.record({ uids: t.list(t.string()) }), { uids: ["ff", "xyz"] });
  assertUnfit(() => t.fromBytes(Nested, bytes), "uids[1] is not valid");
});

const evenLength: t.StandardSchema<string> = {
  "~standard": {
    version: 1,
    vendor: "hand",
    validate: (value) =>
      typeof value === "string" && value.length % 2 === 0
        ? { value }
        : { issues: [{ message: "odd length", path: [{ key: "length" }, 0, Symbol("s")] }] },
  },
};

Deno.test("a hand-made schema", () => {
  const Even = t.validated(t.string(), evenLength);
  assertRoundTrip(Even, "ab");
  assertUnfit(
    () => t.fromBytes(t.list(Even), t.toBytes(t.list(t.string()), ["ab", "a"])),
    '[1].length[0]["Symbol(s)"] is not valid: odd length.',
  );
});

Deno.test("a schema that answers later is a clear error", () => {
  const Later = t.validated(t.string(), z.string().refine(() => Promise.resolve(true)));
  assertUnfit(
    () => t.fromBytes(Later, t.toBytes(Later, "a")),
    "(of zod) that validates asynchronously",
  );
});

Deno.test("presence goes around a schema, not into it", () => {
  assertRefused(() => t.validated(t.optional(t.string()), z.any()), "optional()");
  const Field = t.record({ name: t.optional(t.validated(t.string(), evenLength)) });
  assertRoundTrip(Field, {});
  assertRoundTrip(Field, { name: "ab" });
  assertRoundTrip(t.validated(t.nullable(t.string()), z.string().nullable()), null);
});

Deno.test("three issues are told, and how many more there are", () => {
  const issue = (n: number): t.StandardSchemaIssue => ({ message: `issue ${n}`, path: ["a", n] });
  const cases: [count: number, wanted: string][] = [
    [0, "the value is not valid: ."],
    [1, "a[0] is not valid: issue 0."],
    [3, "a[0] is not valid: issue 0; a[1] issue 1; a[2] issue 2."],
    [4, "a[0] is not valid: issue 0; a[1] issue 1; a[2] issue 2; and 1 more."],
  ];
  for (const [count, wanted] of cases) {
    const issues = Array.from({ length: count }, (_, n) => issue(n));
    const Picky = t.validated(t.uint(), {
      "~standard": { version: 1, vendor: "hand", validate: () => ({ issues }) },
    });
    assertUnfit(() => t.fromBytes(Picky, Uint8Array.of(5)), `Cannot decode: ${wanted}`);
  }
});

Deno.test("a schema that gives no result is a clear error", () => {
  for (const result of [null, undefined, 5, "valid"]) {
    const schema = { "~standard": { version: 1, vendor: "hand", validate: () => result } };
    const Odd = t.validated(t.uint(), schema as unknown as t.StandardSchema<number>);
    assertUnfit(() => t.fromBytes(Odd, Uint8Array.of(5)), "has a schema (of hand) that returns no");
  }
});
