import { assertAlmostEquals, assertEquals } from "@std/assert";
import { BUCKET_BOUNDS_MS, CallFigures } from "../../../lib/rpc/metering/call_figures.ts";

const CALLS = { side: "client", kind: "single", handler: "work", host: "tcp://a:1" } as const;

/** In which bucket a duration counts. */
function bucket(durationMs: number): number {
  const figures = new CallFigures(CALLS, null);
  figures.succeed(durationMs);
  return figures.buckets.indexOf(1);
}

Deno.test("a call counts in the first bucket whose bound it does not exceed", () => {
  assertEquals(BUCKET_BOUNDS_MS.length, 20);
  assertEquals(BUCKET_BOUNDS_MS.at(-1), 67_108.864);
  for (const [at, bound] of BUCKET_BOUNDS_MS.entries()) {
    assertEquals(bucket(bound), at, `${bound} ms`);
    assertEquals(bucket(bound * 1.0001), at + 1, `above ${bound} ms`);
    assertEquals(bucket(bound * 0.75), at, `below ${bound} ms`);
  }
});

Deno.test("what is no duration, or beyond all bounds, counts in the first and the last bucket", () => {
  assertEquals(bucket(0), 0);
  assertEquals(bucket(-1), 0);
  assertEquals(bucket(1e12), 20);
  assertEquals(bucket(Infinity), 20);
});

Deno.test("sums, totals and failures", () => {
  const figures = new CallFigures(CALLS, null);
  figures.succeed(1);
  figures.succeed(0.01);
  figures.fail("Overloaded", 3);
  figures.fail("Overloaded", 3);
  figures.fail("Aborted", 4);
  assertEquals(figures.total, 5);
  assertAlmostEquals(figures.totalMs, 11.01);
  assertEquals([...figures.failed], [["Overloaded", 2], ["Aborted", 1]]);
});
