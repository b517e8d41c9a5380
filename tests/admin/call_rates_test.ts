import { type AdminFigures, callRates, type FiguresResponse } from "@internode/grid/admin";
import { assertEquals } from "@std/assert";

const BOUNDS = [1, 2, 4];

function row(host: string, buckets: number[], failed: [string, number][] = []): AdminFigures {
  const ended = buckets.reduce((sum, count) => sum + count, 0);
  return {
    side: "server",
    kind: "single",
    handler: "disk.read",
    host,
    ended,
    totalMs: ended * 1.5,
    buckets,
    failed: new Map(failed),
    inFlight: 2,
  };
}

function reading(atMs: number, rows: AdminFigures[], instance = "one"): FiguresResponse {
  return { atMs, timeMs: 0, instance, boundsMs: BOUNDS, rows };
}

const before = reading(1_000, [
  row("a", [10, 0, 0, 0]),
  row("b", [0, 0, 0, 5], [["Overloaded", 5]]),
]);
const after = reading(3_000, [
  row("a", [10, 90, 10, 0]),
  row("b", [0, 0, 0, 15], [["Overloaded", 9], ["Closed", 1]]),
  row("c", [4, 0, 0, 0]),
]);

Deno.test("rates are what has changed, per second, for each host", () => {
  const [a, b, c] = callRates(before, after);
  assertEquals([a!.perSecond, a!.errorsPerSecond, a!.meanMs], [50, 0, 1.5]);
  // 50 of 100 lie in the middle of those from 1 to 2 ms.
  assertEquals([a!.p50Ms, a!.p95Ms, a!.p99Ms].map((ms) => Number(ms.toFixed(3))), [1.556, 3, 3.8]);
  assertEquals([b!.perSecond, b!.errorsPerSecond, b!.p50Ms], [5, 2.5, Infinity]);
  assertEquals([c!.perSecond, c!.p50Ms, c!.inFlight], [2, 0.5, 2]);
});

Deno.test("rows of several hosts are added up", () => {
  const rates = callRates(before, after, false);
  assertEquals(rates.length, 1);
  const [{ host, perSecond, inFlight } = rates[0]!] = rates;
  assertEquals([host, perSecond, inFlight], ["", 57, 6]);
});

Deno.test("without an earlier reading, or after a restart, there are times and no rates", () => {
  for (const earlier of [null, reading(1_000, before.rows as AdminFigures[], "another")]) {
    const [a] = callRates(earlier, after);
    assertEquals([a!.perSecond, a!.meanMs], [0, 1.5]);
  }
  assertEquals(callRates(after, after)[0]!.perSecond, 0);
  assertEquals(callRates(null, reading(0, [row("a", [0, 0, 0, 0])]))[0]!.p50Ms, NaN);
  const shrunk = reading(5_000, [row("a", [3, 0, 0, 0])]);
  assertEquals(callRates(after, shrunk)[0]!.perSecond, 1.5, "figures that begin anew");
});
