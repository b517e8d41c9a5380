/**
 * Messages cut off at every byte, with bytes behind, with lengths near 2³².
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import * as t from "../../lib/codec/mod.ts";
import { assertDecodesOrRefuses, assertUnfit, hex, toHex } from "./support.ts";

interface Tree {
  name: string;
  inner: Tree | null;
}
const Tree: t.Codec<Tree> = t.record({ name: t.string(), inner: t.nullable(t.lazy(() => Tree)) });

const Everything = t.record({
  uint: t.uint(),
  int: t.int(),
  float: t.float(),
  flag: t.boolean(),
  big: t.bigint(),
  huge: t.bigint(),
  text: t.string(),
  longText: t.string({ maxBytes: 1_000 }),
  bytes: t.bytes(),
  at: t.timestamp(),
  before: t.timestamp(),
  mode: t.enumeration(["read", "write"]),
  five: t.literal(5),
  sizes: t.list(t.uint()),
  names: t.map(t.string()),
  pair: t.tuple([t.int(), t.string()]),
  shape: t.union("kind", { circle: t.record({ radius: t.float() }), point: t.record({}) }),
  tree: Tree,
  any: t.dynamic(),
  maybe: t.optional(t.nullable(t.string())),
  "a rather long field name, longer than what is unrolled": t.uint(),
});

const EVERYTHING: t.Infer<typeof Everything> = {
  uint: 70_000,
  int: -70_000,
  float: 0.5,
  flag: true,
  big: 2n ** 64n - 1n,
  huge: -(2n ** 90n),
  text: "text",
  longText: "äöü".repeat(100),
  bytes: new Uint8Array(300),
  at: new Date(1_500),
  before: new Date(-1),
  mode: "write",
  five: 5,
  sizes: Array.from({ length: 20 }, (_, i) => i * 100),
  names: new Map([["a", "b"], ["ä", ""]]),
  pair: [-1, "two"],
  shape: { kind: "circle", radius: 2 },
  tree: { name: "a", inner: { name: "b", inner: null } },
  any: { list: [1, 0.5, "x", null, new Uint8Array(3)], more: { deep: [[]] } },
  maybe: null,
  "a rather long field name, longer than what is unrolled": 1,
};
const BYTES = t.toBytes(Everything, EVERYTHING);

Deno.test("a message cut off at any byte is refused", () => {
  assertEquals(t.fromBytes(Everything, BYTES), EVERYTHING);
  for (let length = 0; length < BYTES.length; length++) {
    const reader = new t.ByteReader();
    reader.reset(BYTES, 0, length);
    assertUnfit(() => Everything.decode(reader), "");
    assertUnfit(() => t.fromBytes(Everything, BYTES.slice(0, length)), "");
    assertUnfit(() => t.fromBytes(t.record({}), BYTES.slice(0, length)), "");
    assertUnfit(() => t.fromBytes(t.map(t.dynamic()), BYTES.slice(0, length)), "");
  }
});

Deno.test("each byte set to each value is decoded or refused", () => {
  const Sample = t.record({
    name: t.string(),
    sizes: t.list(t.uint()),
    at: t.timestamp(),
    shape: t.union("kind", { a: t.record({ n: t.bigint() }), b: t.record({ data: t.bytes() }) }),
    any: t.dynamic(),
  });
  const bytes = t.toBytes(Sample, {
    name: "né",
    sizes: [1, 300],
    at: new Date(1_500),
    shape: { kind: "a", n: 2n ** 40n },
    any: { a: [null, 0.5], b: "c" },
  });
  let refused = 0;
  for (let at = 0; at < bytes.length; at++) {
    const damaged = bytes.slice();
    for (let value = 0; value < 256; value++) {
      damaged[at] = value;
      if (!assertDecodesOrRefuses(Sample, damaged)) refused++;
    }
  }
  assert(refused > bytes.length * 128, `${refused} of ${bytes.length * 256} refused`);
});

Deno.test("bytes behind the value are noticed", () => {
  assertUnfit(
    () => t.fromBytes(Everything, Uint8Array.from([...BYTES, 0])),
    "1 byte follows the value",
  );
  const reader = new t.ByteReader();
  reader.reset(hex("05 06"), 0, 2);
  assertEquals(t.uint().decode(reader), 5);
  assertUnfit(() => t.expectEnd(reader), "1 byte follows");
  assertEquals(t.uint().decode(reader), 6);
  t.expectEnd(reader);
});

Deno.test("claimed lengths near 2^32 cost nothing", () => {
  const heads = ["c6", "c9", "db", "dd", "df"];
  const codecs: t.Codec<unknown>[] = [
    t.bytes(),
    t.string(),
    t.list(t.boolean()),
    t.list(t.record({})),
    t.tuple([t.uint()]),
    t.map(t.boolean()),
    t.record({}),
    t.record({ x: t.uint() }),
    t.union("kind", { a: t.record({}) }),
    t.bigint(),
    t.dynamic(),
    t.timestamp(),
    t.enumeration(["a"]),
    Tree,
  ] as t.Codec<unknown>[];
  for (const head of heads) {
    for (const length of ["ffffffff", "fffffffe", "80000000", "7fffffff"]) {
      for (const codec of codecs) {
        for (const wrapped of ["", "81a17a", "82a17a", "91"]) {
          const bytes = hex(`${wrapped}${head}${length}80a1780190`);
          assert(!assertDecodesOrRefuses(codec, bytes), toHex(bytes));
        }
      }
    }
  }
});

Deno.test("containers full of containers that claim much end soon", () => {
  const bytes = new Uint8Array(50_000);
  for (let at = 0; at + 5 <= bytes.length; at += 5) bytes.set(hex("dd0000c000"), at);
  assertUnfit(
    () => t.fromBytes(t.record({ x: t.uint() }), Uint8Array.from([0x81, 0xa1, 0x79, ...bytes])),
    "cut off",
  );
  assertUnfit(() => t.fromBytes(t.dynamic(), bytes), "maxDepth of 64");
});

Deno.test("the byte that MessagePack never uses is refused everywhere", () => {
  for (
    const codec of [t.uint(), t.string(), t.list(t.uint()), t.record({}), t.dynamic(), t.bigint()]
  ) {
    assertUnfit(() => t.fromBytes<unknown>(codec, hex("c1")), "c1");
  }
  assertUnfit(() => t.fromBytes(t.record({}), hex("81a178c1")), "c1");
});
