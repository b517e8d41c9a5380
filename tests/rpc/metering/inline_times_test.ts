import { VirtualClock } from "@internode/grid/testing";
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { CallFigures } from "../../../lib/rpc/metering/call_figures.ts";
import { InlineTimes } from "../../../lib/rpc/metering/inline_times.ts";

/** A clock that is set by hand, and counts how often it is read. */
class HandClock extends VirtualClock {
  atMs = 100;
  reads = 0;

  override now(): number {
    this.reads++;
    return this.atMs;
  }
}

function figuresOf(handler: string): CallFigures {
  return new CallFigures({ side: "server", kind: "single", handler, host: "" }, null);
}

Deno.test("the first calls of a turn are timed one by one", () => {
  const clock = new HandClock(), times = new InlineTimes(clock);
  const quick = figuresOf("quick"), slow = figuresOf("slow");
  times.add(quick, 100);
  clock.atMs = 150;
  times.add(slow, 100);
  clock.atMs = 150.5;
  times.add(quick, 100);
  assertEquals([quick.total, quick.totalMs, slow.total, slow.totalMs], [2, 0.5, 1, 50]);
});

Deno.test("many quick calls share readings of the clock, and their sum stays exact", async () => {
  const clock = new HandClock(), times = new InlineTimes(clock), figures = figuresOf("quick");
  for (let at = 0; at < 1_000; at++) {
    clock.atMs += 0.001;
    times.add(figures, 100);
  }
  await null;
  assertEquals(figures.total, 1_000);
  assertAlmostEquals(figures.totalMs, 1);
  assert(clock.reads < 60, `${clock.reads} readings`);
});

Deno.test("a slow call among many is not lost, and those after it are timed one by one", async () => {
  const clock = new HandClock(), times = new InlineTimes(clock);
  const quick = figuresOf("quick"), slow = figuresOf("slow");
  for (let at = 0; at < 200; at++) times.add(quick, 100);
  clock.atMs += 64;
  times.add(slow, 100);
  await null;
  assertAlmostEquals(quick.totalMs + slow.totalMs, 64);
  clock.atMs += 5;
  times.add(slow, 100);
  assertEquals(slow.total, 2);
  assert(slow.totalMs >= 5);
});

Deno.test("the last calls of a turn count when it is over, not in the next one", async () => {
  const clock = new HandClock(), times = new InlineTimes(clock), figures = figuresOf("quick");
  for (let at = 0; at < 41; at++) times.add(figures, 100);
  clock.atMs += 1;
  await null;
  assertEquals(figures.total, 41);
  clock.atMs += 1_000;
  times.add(figures, clock.atMs);
  assertAlmostEquals(figures.totalMs, 1);
});

Deno.test("a call that fails has a reading of its own", () => {
  const clock = new HandClock(), times = new InlineTimes(clock);
  clock.atMs = 107;
  assertEquals(times.take(100), 7);
  clock.atMs = 109;
  assertEquals(times.take(100), 2);
});
