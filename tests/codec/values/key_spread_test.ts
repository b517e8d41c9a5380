/**
 * Keys chosen by the peer to make tables slow or large.
 *
 * @module
 */

import { assert, assertEquals, assertThrows } from "@std/assert";
import * as t from "../../../lib/codec/mod.ts";
import { arrayIndex, KeySpread } from "../../../lib/codec/values/key_spread.ts";
import { Problem } from "../../../lib/codec/format/problem.ts";
import { FLOODS, keys, MANY, packed } from "./key_floods.ts";
import { assertUnfit } from "../support.ts";

function mapOf(names: readonly string[]): Map<string, number> {
  return new Map(names.map((name) => [name, 1]));
}

const ODD = 2_654_435_761;
Deno.test("a map with keys chosen to collide is refused in both directions", () => {
  for (const [, keyOf] of FLOODS) {
    const flood = keys(MANY, keyOf);
    const words = "too many keys that are whole numbers with the same lowest bits";
    assertUnfit(() => t.fromBytes(t.map(t.uint()), packed(flood)), words);
    // The Map itself is slow to make.
    const small = mapOf(flood.slice(-3_000));
    assertUnfit(() => t.toBytes(t.map(t.uint()), small), words);
    assertUnfit(
      () => t.toBytes(t.record({ sizes: t.map(t.uint()) }), { sizes: small }),
      "sizes has too many keys",
    );
  }
});

Deno.test("numbers as keys are like others: in sequence, in steps, scattered, in small maps", () => {
  const spreads: readonly (readonly [string, number, (i: number) => number])[] = [
    ["in sequence", MANY, (i) => i],
    ["in steps of 1000", MANY, (i) => i * 1_000],
    ["in steps of 32", MANY, (i) => i * 32],
    ["downwards", MANY, (i) => MANY - i],
    ["days in seconds, for a year", 366, (i) => 1_700_006_400 + i * 86_400],
    ["networks of addresses", 256, (i) => 167_772_160 + i * 65_536],
    ["scattered", MANY, (i) => (i * ODD) % 4_294_967_291],
    ["beyond array indices", MANY, (i) => 4_294_967_295 + i * 65_536],
    ["negative", MANY, (i) => -i * 65_536 - 1],
  ];
  for (const [what, count, keyOf] of spreads) {
    const map = mapOf(keys(count, keyOf));
    assertEquals(map.size, count, what);
    const read = t.fromBytes(t.map(t.uint()), t.toBytes(t.map(t.uint()), map));
    assertEquals([...read.keys()], [...map.keys()], what);
  }
});

Deno.test("what a map costs is counted as it grows, so that no order of keys gets past", () => {
  const steps = (order: readonly number[]): number => {
    const spread = new KeySpread();
    let taken = 0;
    assertThrows(() => {
      for (const index of order) {
        spread.add(String(index));
        taken++;
      }
    }, Problem as unknown as new () => Error);
    return taken;
  };
  const flood = Array.from({ length: 20_000 }, (_, i) => i * 65_536);
  const spread = Array.from({ length: 20_000 }, (_, i) => 2 * i + 1);
  // The first n with n * (n - 1) / 2 > 32,768 + 64 * n is 329.
  assertEquals(steps(flood), 328);
  assertEquals(steps(flood.map((index) => index / 256)), 328, "128 places, 256 from key 257 on");
  assert(steps([...spread, ...flood]) < 23_000);
  assert(steps(spread.flatMap((index, i) => [index, flood[i]!])) < 3_000);
});

Deno.test("a map may cost all that its keys allow, to the step", () => {
  const spread = new KeySpread();
  // Each key allows 64 steps beside 32,768: 637 keys 73,536, as many as 384 at one place take.
  for (let i = 0; i < 253; i++) spread.add(`text ${i}`);
  for (let i = 0; i < 384; i++) spread.add(String(i * 4_194_304));
  assertThrows(() => spread.add(String(384 * 4_194_304)), Problem as unknown as new () => Error);
});

Deno.test("an array index is what V8 takes for one", () => {
  for (
    const [text, index] of [
      ["0", 0],
      ["7", 7],
      ["9", 9],
      [":", -1],
      ["/", -1],
      ["1:", -1],
      ["1/", -1],
      ["4294967294", 4_294_967_294],
      ["4294967295", -1],
      ["9999999999", -1],
      ["10000000000", -1],
      ["00", -1],
      ["01", -1],
      ["", -1],
      ["-1", -1],
      ["1.5", -1],
      ["1e3", -1],
      ["12a", -1],
      ["٣", -1],
    ] as const
  ) assertEquals(arrayIndex(text), index, text);
});
