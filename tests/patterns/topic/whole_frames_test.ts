/** Messages of a topic that travel in frames of many bytes. */

import type { Manager } from "@internode/grid";
import * as t from "@internode/grid/codec";
import { type JoinedTopic, topic } from "@internode/grid/patterns";
import { assertEquals } from "@std/assert";
import { simulatedGrid } from "../../support/simulation/simulated_grid.ts";

const COUNT = 1_000;

/** Bytes that tell their place, of all lengths up to some kilobytes. */
function bytesAt(at: number): Uint8Array {
  return new Uint8Array(at * 37 % 3_000).fill(at);
}

for (const channels of ["bytes", "messages"] as const) {
  Deno.test(`bytes of all lengths come as they were published, one by one and in batches, over ${channels}`, async () => {
    const raw = topic("raw", t.raw(), { slow: "backpressure" }),
      joined: JoinedTopic<Uint8Array>[] = [];
    const grid = simulatedGrid({
      nodes: 3,
      channels,
      serve: (manager: Manager, { index, clock, random }) => {
        joined[index] = raw.join(manager, { clock, random });
      },
    });
    await grid.run(async () => {
      await grid.start();
      const singly = joined[1]!.subscribe(), together = joined[2]!.subscribe().batches();
      await grid.clock.runUntil(() => joined[0]!.stats().nodes.length === 2, 60_000);
      const publishing = (async () => {
        for (let at = 1; at <= COUNT; at++) await joined[0]!.publish(bytesAt(at));
      })();
      const readOne = (async () => {
        for (let at = 1; at <= COUNT; at++) {
          const { value, sequence } = (await singly.next()).value!;
          assertEquals([sequence, value], [at, bytesAt(at)]);
        }
      })();
      for (let at = 1; at <= COUNT;) {
        for (const { value, sequence } of (await together.next()).value!) {
          assertEquals([sequence, value], [at, bytesAt(at)]);
          at++;
        }
      }
      await Promise.all([publishing, readOne]);
      assertEquals([joined[0]!.stats().dropped, singly.missed], [0, 0]);
      for (const one of joined) one.close();
    });
    await grid.close();
  });
}

Deno.test("a message alone in its frame does not go beyond the bytes that may wait", async () => {
  const joined: JoinedTopic<Uint8Array>[] = [];
  const raw = topic("raw", t.raw(), { slow: "drop-newest", maxQueuedBytes: 1_000 });
  const grid = simulatedGrid({
    nodes: 2,
    serve: (manager: Manager, { index, clock, random }) => {
      joined[index] = raw.join(manager, { clock, random });
    },
  });
  await grid.run(async () => {
    await grid.start();
    const messages = joined[1]!.subscribe();
    await grid.clock.runUntil(() => joined[0]!.stats().nodes.length === 1, 60_000);
    for (const bytes of [600, 600, 300]) {
      await joined[0]!.publish(new Uint8Array(bytes));
      await grid.clock.advance(1_000);
    }
    assertEquals([messages.queued, messages.dropped, messages.missed], [2, 1, 0]);
    assertEquals((await messages.next()).value!.sequence, 1);
    assertEquals((await messages.next()).value!.sequence, 3);
    for (const one of joined) one.close();
  });
  await grid.close();
});

Deno.test("a message whose frame is taken in part keeps none of the rest", async () => {
  const joined: JoinedTopic<Uint8Array>[] = [];
  const raw = [1_000, 2].map((maxQueued) =>
    topic("raw", t.raw(), { slow: "drop-newest", maxQueued })
  );
  const grid = simulatedGrid({
    nodes: 2,
    serve: (manager: Manager, { index, clock, random }) => {
      joined[index] = raw[index]!.join(manager, { clock, random });
    },
  });
  await grid.run(async () => {
    await grid.start();
    const messages = joined[1]!.subscribe();
    await grid.clock.runUntil(() => joined[0]!.stats().nodes.length === 1, 60_000);
    await Promise.all(
      Array.from({ length: 100 }, (_, at) => joined[0]!.publish(new Uint8Array(100).fill(at))),
    );
    await grid.clock.advance(1_000);
    assertEquals([messages.queued, messages.dropped], [2, 98]);
    for (const sequence of [1, 2]) {
      const { value, ...rest } = (await messages.next()).value!;
      assertEquals(rest.sequence, sequence);
      assertEquals(value, new Uint8Array(100).fill(sequence - 1));
      // The first one had a frame of its own.
      if (sequence > 1) assertEquals(value.buffer.byteLength, 100);
    }
    for (const one of joined) one.close();
  });
  await grid.close();
});
