/** What counts as slower. @module */

import { assertEquals, assertThrows } from "@std/assert";
import { compare, parseBaseline } from "../../bench/pure/comparison.ts";

Deno.test("more than a quarter more time is slower, less than four fifths of it faster", () => {
  const measured = { a: 1.25, b: 1.26, c: 0.8, d: 0.79, e: 1 };
  const baseline = { e: 1, d: 1, c: 1, b: 1, a: 1 };
  assertEquals(compare(measured, baseline).map(({ name, verdict }) => [name, verdict]), [
    ["a", "same"],
    ["b", "slower"],
    ["c", "same"],
    ["d", "faster"],
    ["e", "same"],
  ]);
});

Deno.test("the change is that of the time", () => {
  assertEquals(compare({ a: 3 }, { a: 2 }), [
    { name: "a", ratio: 3, baseline: 2, change: 0.5, verdict: "slower" },
  ]);
});

Deno.test("what is new or gone is neither", () => {
  assertEquals(compare({ a: 9 }, { b: 0.1 }), [
    { name: "a", ratio: 9, baseline: null, change: null, verdict: "new" },
    { name: "b", ratio: null, baseline: 0.1, change: null, verdict: "gone" },
  ]);
});

Deno.test("a baseline is a record of numbers above 0", () => {
  assertEquals(parseBaseline('{ "a": 0.5 }'), { a: 0.5 });
  for (const text of ["[1]", "null", "7", '{ "a": 0 }', '{ "a": "1" }', '{ "a": null }']) {
    assertThrows(() => parseBaseline(text), Error, "--update");
  }
});
