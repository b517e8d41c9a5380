/**
 * Which changes break, and the texts that say so.
 *
 * @module
 */

import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { method, service } from "../../call.ts";
import * as t from "../../lib/codec/mod.ts";
import { InternodeError } from "../../lib/errors.ts";
import {
  assertCompatible,
  breaking,
  changesText,
  checkSnapshot,
  type ContractSet,
  markdown,
  snapshot,
} from "../../lib/reflection/mod.ts";
import { single, stream } from "../../mod.ts";
import { assertRefused } from "../codec/support.ts";

// deno-lint-ignore no-explicit-any -- codecs of any type are meant
function asked(codec: t.Codec<any>): ContractSet {
  return [single("a", { request: codec, response: t.nothing() })];
}

// deno-lint-ignore no-explicit-any -- see above
const CASES: readonly [t.Codec<any>, t.Codec<any>, string][] = [
  [t.uint(), t.documented(t.uint(), "Other docs."), ""],
  [t.enumeration(["a"]), t.literal("a"), ""],
  [
    t.record({ x: t.uint() }),
    t.record({ y: t.optional(t.uint()), x: t.uint() }),
    "compatible: a request.y: the optional field is new",
  ],
  [
    t.list(t.record({ x: t.optional(t.uint()) })),
    t.list(t.record({})),
    "compatible: a request[].x: the optional field is gone; its name must not be used for anything else",
  ],
  [
    t.record({}),
    t.record({ x: t.uint() }),
    "breaking: a request.x: old callers do not send it, and new handlers need it",
  ],
  [
    t.record({ x: t.uint() }),
    t.record({ x: t.optional(t.uint()) }),
    "breaking: a request.x: new callers may leave it out, and old handlers need it",
  ],
  [
    t.uint(),
    t.int(),
    "breaking: a request: new callers send int, and old handlers take uint",
  ],
  [
    t.string({ maxBytes: 9 }),
    t.string({ maxBytes: 5 }),
    "breaking: a request: old callers may send 9 (maxBytes), and new handlers take at most 5",
  ],
  [
    t.string(),
    t.string({ maxBytes: 5 }),
    "breaking: a request: old callers may send any number (maxBytes), and new handlers take at most 5",
  ],
  [
    t.enumeration(["a", "b"]),
    t.enumeration(["a", "c"]),
    `breaking: a request: old callers may send "b", and new handlers do not know it; new callers may send "c", and old handlers do not know it`,
  ],
  [
    t.union("k", { a: t.record({}) }),
    t.union("k", { a: t.record({}), b: t.record({}) }),
    `breaking: a request: new callers may send the variant "b", and old handlers do not know it`,
  ],
  [
    t.uint(),
    t.validated(t.uint(), {
      "~standard": { version: 1, vendor: "v", validate: () => ({ value: 1 }) },
    }),
    "breaking: a request: old callers send any, and new handlers judge it by a schema of v",
  ],
  [
    t.nothing(),
    t.optional(t.uint()),
    "breaking: a request: new callers may leave it out, and old handlers do not take that",
  ],
];

Deno.test("each change of a codec is judged, and told with who sends and who refuses", () => {
  for (const [old, now, wanted] of CASES.slice(0, -1)) {
    assertEquals(changesText(breaking(asked(old), asked(now))), wanted);
  }
  const [old, now] = CASES.at(-1)!;
  assertEquals(breaking(asked(old), asked(now)).map(({ compatible }) => compatible), [false]);
});

Deno.test("a response is sent by handlers and read by callers", () => {
  const answer = (
    codec: t.Codec<{ x?: number }>,
  ): ContractSet => [single("a", { response: codec })];
  assertEquals(
    changesText(breaking(
      answer(t.record({ x: t.uint() }) as t.Codec<{ x?: number }>),
      answer(t.record({ x: t.optional(t.uint()) })),
    )),
    "breaking: a response.x: new handlers may leave it out, and old callers need it",
  );
});

Deno.test("contracts come and go, and have other properties than codecs", () => {
  const calm = { inputCapacity: 0, outputCapacity: 4 };
  const Old = service("s", { m: method({ idempotent: true }), n: method() });
  const New = service("s", { m: method(), n: method({ idempotent: true }) });
  const changes = breaking(
    [single("gone"), single("kind"), stream("feed", calm), stream("more", calm), Old],
    [
      stream("kind", calm),
      stream("feed", { ...calm, outputCapacity: 9 }),
      stream("more", { ...calm, inputCapacity: 1, detail: t.uint() }),
      New,
      single("new"),
    ],
  );
  assertEquals(
    changes.map(({ contract, path, compatible, reason }) =>
      [contract, path, compatible, reason].join()
    ),
    [
      "gone,,false,removed",
      "kind,,false,kind",
      "feed,output,true,capacity",
      "more,input,false,kind",
      "more,detail,true,added",
      "s.m,,false,idempotent",
      "s.n,,true,idempotent",
      "new,,true,added",
    ],
  );
  assertRefused(() => breaking([single("a"), single("a")], []), "two contracts of the name");
});

interface Tree {
  left?: Tree;
  name?: string;
}

Deno.test("values that contain their own kind are compared once", () => {
  const make = (more: boolean): t.Codec<Tree> => {
    const Part: t.Codec<Tree> = t.lazy(() => Whole);
    const Whole: t.Codec<Tree> = t.record({
      left: t.optional(Part),
      ...(more ? { name: t.optional(t.string()) } : {}),
    }) as t.Codec<Tree>;
    return Part;
  };
  assertEquals(
    breaking(asked(make(false)), asked(make(true))).map((
      { path, compatible },
    ) => [path, compatible]),
    [["request.name", true]],
  );
  assertEquals(breaking(asked(make(true)), asked(make(true))), []);
});

Deno.test("more items in all than old nodes take are noticed", () => {
  const old = t.record({ a: t.list(t.uint()), b: t.list(t.uint()) });
  const now = t.record({
    a: t.list(t.uint()),
    b: t.list(t.uint()),
    c: t.optional(t.list(t.uint(), { maxItems: 5_000_000 })),
  });
  const [change] = breaking(asked(old), asked(now));
  assertEquals([change?.reason, change?.compatible], ["limit", false]);
});

Deno.test("a snapshot is compared, and written when that is asked for", async () => {
  let file: string | undefined;
  const check = (set: ContractSet, options = {}) =>
    checkSnapshot(set, {
      read: () => {
        if (file !== undefined) return file;
        throw Object.assign(new Error("no such file"), { code: "ENOENT" });
      },
      write: (text) => {
        file = text;
      },
      ...options,
    });
  const one = asked(t.record({})), more = asked(t.record({ x: t.optional(t.uint()) }));
  const other = asked(t.uint());
  await assertRejects(
    () => check(one),
    InternodeError,
    "There is no snapshot of the contracts yet",
  );
  assertEquals(await check(one, { update: true }), []);
  assertEquals(file, snapshot(one));
  assertEquals(await check(one), []);
  await assertRejects(() => check(more), InternodeError, "lacks changes, all of them compatible");
  assertEquals((await check(more, { update: true })).length, 1);
  assertEquals(file, snapshot(more));
  await assertRejects(() => check(other), InternodeError, "breaking: a request");
  await assertRejects(() => check(other, { update: true }), InternodeError, "breaking: a request");
  assertEquals(file, snapshot(more), "what breaks is not written");
  await check(other, { update: true, allowBreaking: true });
  assertEquals(file, snapshot(other));
  const failing = () => Promise.reject(new TypeError("disk"));
  await assertRejects(() => check(one, { read: failing }), TypeError, "disk");
});

Deno.test("what is no snapshot is refused, and unknown kinds of contracts are passed over", () => {
  const refused: readonly [string, string][] = [
    ["{", "is not JSON"],
    ["5", "must be an object with format"],
    [`{"format":2}`, "has the format 2, and this version reads 1"],
    [`{"format":1}`, "contracts must be a list"],
    [`{"format":1,"contracts":[{"kind":"single"}]}`, "name must be a text"],
  ];
  for (const [text, words] of refused) assertRefused(() => breaking(text, []), words);
  assertEquals(breaking(`{"format":1,"contracts":[{"kind":"later"}]}`, []), []);
  assertThrows(
    () => assertCompatible([], snapshot([single("a")])),
    InternodeError,
    "breaking: a: ",
  );
});

Deno.test("a page shows what a contract fixes", () => {
  const Page = service("shop", {
    find: method({
      docs: "Finds items.",
      request: t.documented(
        t.record({
          name: t.documented(t.string({ maxBytes: 9 }), "A name;\n```no fence"),
          "odd name": t.optional(t.list(t.enumeration(["a", "b"]), { maxItems: 3 })),
        }),
        "What is wanted.",
      ),
      response: t.union("kind", { none: t.record({}), one: t.record({ at: t.uint() }) }),
      idempotent: true,
    }),
  }, { docs: "A shop." });
  assertEquals(
    markdown([Page, stream("feed", { inputCapacity: 0, outputCapacity: 2, output: t.uint() })]),
    `# Contracts

## Service \`shop\`

A shop.

### \`shop.find\`

Finds items.

A request with one response, idempotent.

Request:

\`\`\`text
// What is wanted.
{
  // A name; '''no fence
  name: string(maxBytes: 9)
  "odd name"?: list("a" | "b", maxItems: 3)
}
\`\`\`

Response:

\`\`\`text
one of
| {
    kind: "none"
  }
| {
    kind: "one"
    at: uint
  }
\`\`\`

## \`feed\`

A stream.

Initial message:

\`\`\`text
raw
\`\`\`

Each output (at most 2 unread):

\`\`\`text
uint
\`\`\`
`,
  );
});
