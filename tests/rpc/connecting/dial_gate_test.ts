import { assert, assertEquals } from "@std/assert";
import { SeededRandom, VirtualClock } from "@internode/grid/testing";
import {
  DialGate,
  type Dialler,
  MAX_DIALS,
  PLACE_MS,
} from "../../../lib/rpc/connecting/dial_gate.ts";

/** A gate, and diallers that note in which order their turn came. */
function gateFor(count: number, seed = 1) {
  const clock = new VirtualClock(), order: number[] = [];
  const gate = new DialGate(clock, new SeededRandom(seed));
  const diallers = Array.from({ length: count }, (_, index): Dialler => ({
    begin: () => void order.push(index),
  }));
  return { clock, gate, diallers, order };
}

Deno.test("so many dial at once, and each who leaves lets another one in", () => {
  const { gate, diallers, order } = gateFor(MAX_DIALS + 2);
  for (const dialler of diallers) gate.enter(dialler);
  assertEquals(order.length, MAX_DIALS);
  gate.leave(diallers[5]!);
  gate.leave(diallers[5]!);
  assertEquals(order.length, MAX_DIALS + 1);
  for (const dialler of diallers) gate.leave(dialler);
  assertEquals(order.length, MAX_DIALS + 2);
});

Deno.test("who leaves the line never has its turn", () => {
  const { gate, diallers, order } = gateFor(MAX_DIALS + 10);
  for (const dialler of diallers) gate.enter(dialler);
  gate.leave(diallers[MAX_DIALS + 3]!);
  for (let index = 0; index < MAX_DIALS; index++) gate.leave(diallers[index]!);
  assertEquals(order.length, MAX_DIALS + 9);
  assert(!order.includes(MAX_DIALS + 3));
  assertEquals(new Set(order).size, order.length);
  for (const dialler of diallers) gate.leave(dialler);
});

Deno.test("attempts that take long keep nobody waiting for longer than their place lasts", async () => {
  const { clock, gate, diallers, order } = gateFor(MAX_DIALS * 3);
  for (const dialler of diallers) gate.enter(dialler);
  await clock.advance(PLACE_MS - 1);
  assertEquals(order.length, MAX_DIALS);
  await clock.advance(1);
  assertEquals(order.length, MAX_DIALS * 2);
  await clock.advance(PLACE_MS);
  assertEquals(order.length, MAX_DIALS * 3);
  for (const dialler of diallers) gate.leave(dialler);
  assertEquals(clock.pendingEvents, 0);
});

Deno.test("the order is drawn, so that nodes with one list of hosts do not go together", () => {
  const orders = [1, 2].map((seed) => {
    const { gate, diallers, order } = gateFor(MAX_DIALS * 2, seed);
    for (const dialler of diallers) gate.enter(dialler);
    for (const dialler of diallers) gate.leave(dialler);
    return order.slice(MAX_DIALS).join();
  });
  assert(orders[0] !== orders[1]);
});
