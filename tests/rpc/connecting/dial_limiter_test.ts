import { assert, assertEquals } from "@std/assert";
import { SeededRandom, VirtualClock } from "@internode/grid/testing";
import {
  DialLimiter,
  MAX_DIALS,
  type PendingDial,
  SLOT_MS,
} from "../../../lib/rpc/connecting/dial_limiter.ts";

/** A limiter, and dials that record the order in which they began. */
function limiterFor(count: number, seed = 1) {
  const clock = new VirtualClock(), order: number[] = [];
  const limiter = new DialLimiter(clock, new SeededRandom(seed));
  const dials = Array.from({ length: count }, (_, index): PendingDial => ({
    begin: () => void order.push(index),
  }));
  return { clock, limiter, dials, order };
}

Deno.test("at most MAX_DIALS attempts are under way, and each that ends lets another begin", () => {
  const { limiter, dials, order } = limiterFor(MAX_DIALS + 2);
  for (const dial of dials) limiter.acquire(dial);
  assertEquals(order.length, MAX_DIALS);
  limiter.release(dials[5]!);
  limiter.release(dials[5]!);
  assertEquals(order.length, MAX_DIALS + 1);
  for (const dial of dials) limiter.release(dial);
  assertEquals(order.length, MAX_DIALS + 2);
});

Deno.test("an attempt that is released while it waits never begins", () => {
  const { limiter, dials, order } = limiterFor(MAX_DIALS + 10);
  for (const dial of dials) limiter.acquire(dial);
  limiter.release(dials[MAX_DIALS + 3]!);
  for (let index = 0; index < MAX_DIALS; index++) limiter.release(dials[index]!);
  assertEquals(order.length, MAX_DIALS + 9);
  assert(!order.includes(MAX_DIALS + 3));
  assertEquals(new Set(order).size, order.length);
  for (const dial of dials) limiter.release(dial);
});

Deno.test("attempts that take long delay the others by no more than the time of a slot", async () => {
  const { clock, limiter, dials, order } = limiterFor(MAX_DIALS * 3);
  for (const dial of dials) limiter.acquire(dial);
  await clock.advance(SLOT_MS - 1);
  assertEquals(order.length, MAX_DIALS);
  await clock.advance(1);
  assertEquals(order.length, MAX_DIALS * 2);
  await clock.advance(SLOT_MS);
  assertEquals(order.length, MAX_DIALS * 3);
  for (const dial of dials) limiter.release(dial);
  assertEquals(clock.pendingEvents, 0);
});

Deno.test("the order is random, so that nodes with the same list of hosts do not dial them in step", () => {
  const orders = [1, 2].map((seed) => {
    const { limiter, dials, order } = limiterFor(MAX_DIALS * 2, seed);
    for (const dial of dials) limiter.acquire(dial);
    for (const dial of dials) limiter.release(dial);
    return order.slice(MAX_DIALS).join();
  });
  assert(orders[0] !== orders[1]);
});
