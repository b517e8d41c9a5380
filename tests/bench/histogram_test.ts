/** Times are counted in cells that are narrow enough. @module */

import { assert, assertEquals } from "@std/assert";
import { Histogram } from "../../bench/support/histogram.ts";

Deno.test("a histogram tells each time at least as long as it was, and less than 1 % longer", () => {
  for (let us = 0.01; us < 400e6; us *= 1.003) {
    const times = new Histogram();
    times.record(us);
    times.record(500e6);
    const told = times.quantileUs(0.5);
    assert(told >= us, `${told} for ${us}`);
    assert(told <= Math.max(us * 1.01, us + 0.1001), `${told} for ${us}`);
  }
});

Deno.test("quantiles of a histogram are those of the sorted times", () => {
  const times = new Histogram();
  for (let us = 1; us <= 1_000; us++) times.record(us);
  for (
    const [part, exact] of [[0, 1], [0.5, 500], [0.99, 990], [0.999, 999], [1, 1_000]] as const
  ) {
    const told = times.quantileUs(part);
    assert(told >= exact && told <= exact * 1.01, `${told} for ${exact}`);
  }
  assertEquals([times.count, times.maxUs], [1_000, 1_000]);
});

Deno.test("a histogram of nothing tells 0, and takes what no clock should tell", () => {
  const times = new Histogram();
  assertEquals([times.quantileUs(0.999), times.maxUs], [0, 0]);
  times.record(-1);
  times.record(1e12);
  assertEquals([times.count, times.quantileUs(0.5), times.maxUs], [2, 0, 1e12]);
});

Deno.test("histograms of several processes add up as if one had counted all", () => {
  const one = new Histogram(),
    other = new Histogram(),
    all = new Histogram(),
    sum = new Histogram();
  for (let us = 0.3; us < 1e6; us *= 1.1) {
    (us % 2 < 1 ? one : other).record(us);
    all.record(us);
  }
  sum.add(JSON.parse(JSON.stringify(one)));
  sum.add(JSON.parse(JSON.stringify(other)));
  assertEquals(sum.toJSON(), all.toJSON());
  assertEquals(sum.count, all.count);
});
