/** Arrivals are as random as they should be, and the same each time. @module */

import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { Arrivals } from "../../bench/support/arrivals.ts";

const COUNT = 65_536;

Deno.test("a seed gives the same arrivals, another seed others", () => {
  const gaps = (seed: number): number[] => {
    const arrivals = new Arrivals(seed, [[64, 1]]);
    return Array.from({ length: 100 }, (_, index) => arrivals.gap(index));
  };
  assertEquals(gaps(3), gaps(3));
  assert(gaps(3).join() !== gaps(4).join());
});

Deno.test("gaps between arrivals follow an exponential distribution of mean 1", () => {
  const arrivals = new Arrivals(1, [[64, 1]]);
  const gaps = Float64Array.from({ length: COUNT }, (_, index) => arrivals.gap(index)).sort();
  assertAlmostEquals(gaps.reduce((sum, gap) => sum + gap) / COUNT, 1, 1e-9);
  for (const part of [0.1, 0.5, 0.9, 0.99]) {
    assertAlmostEquals(1 - Math.exp(-gaps[Math.floor(COUNT * part)]!), part, 0.01);
  }
});

Deno.test("sizes have their parts, and are not tied to gaps", () => {
  const arrivals = new Arrivals(1, [[256, 0.8], [16_384, 0.19], [1_048_576, 0.01]]);
  const counts = [0, 0, 0], gaps = [0, 0, 0];
  for (let index = 0; index < COUNT; index++) {
    counts[arrivals.size(index)]!++;
    gaps[arrivals.size(index)]! += arrivals.gap(index);
  }
  for (const [size, part] of [0.8, 0.19, 0.01].entries()) {
    assertAlmostEquals(counts[size]! / COUNT, part, part / 10);
    assertAlmostEquals(gaps[size]! / counts[size]!, 1, 0.15);
  }
});
