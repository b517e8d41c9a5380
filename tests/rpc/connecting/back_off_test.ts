import { assert, assertEquals } from "@std/assert";
import { SeededRandom, VirtualClock } from "@internode/grid/testing";
import { BackOff, DEFAULT_BACK_OFF, LastingBackOff } from "../../../lib/rpc/connecting/back_off.ts";

const fixed = (value: number) => ({
  next: () => value,
  bytes: (count: number) => new Uint8Array(count),
});

Deno.test("waits grow by the factor up to the longest, and begin again after a reset", () => {
  const backOff = new BackOff({ initialMs: 10, factor: 2, maxMs: 50, jitter: 0.5 }, fixed(0));
  const waits = () => Array.from({ length: 5 }, () => backOff.next());
  assertEquals(waits(), [10, 20, 40, 50, 50]);
  backOff.reset();
  assertEquals(waits()[0], 10);
});

Deno.test("jitter shortens a wait by up to its part", () => {
  const options = { initialMs: 100, factor: 1, maxMs: 100, jitter: 0.4 };
  assertEquals(new BackOff(options, fixed(0)).next(), 100);
  const random = new SeededRandom(1), backOff = new BackOff(options, random);
  const waits = Array.from({ length: 1_000 }, () => backOff.next());
  assert(Math.min(...waits) > 60 && Math.min(...waits) < 62 && Math.max(...waits) > 98);
});

Deno.test("a peer that is down for days does not overflow anything", () => {
  const backOff = new BackOff(DEFAULT_BACK_OFF, fixed(0));
  for (let attempt = 0; attempt < 100_000; attempt++) {
    const waitMs = backOff.next();
    if (!(waitMs > 0 && waitMs <= DEFAULT_BACK_OFF.maxMs)) throw new Error(`${waitMs} ms`);
  }
});

Deno.test("what has not lasted goes on where it was, what has lasted starts over", async () => {
  const clock = new VirtualClock();
  const options = { initialMs: 10, factor: 2, maxMs: 50, jitter: 0 };
  const backOff = new LastingBackOff(options, { clock, random: fixed(0) });
  assertEquals([backOff.next(), backOff.next()], [10, 20]);
  backOff.onBegun();
  await clock.advance(99);
  assertEquals([backOff.next(), backOff.next()], [40, 50]);
  backOff.onBegun();
  await clock.advance(100);
  assertEquals([backOff.next(), backOff.next()], [10, 20]);
  // It is the time until the end that counts, not until the next attempt.
  backOff.onBegun();
  assertEquals(backOff.next(), 40);
  await clock.advance(1_000);
  assertEquals(backOff.next(), 50);
});
