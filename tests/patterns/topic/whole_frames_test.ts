/** Messages of a topic that travel in frames of many bytes. */

import * as t from "@internode/grid/codec";
import { topic } from "@internode/grid/patterns";
import { assertEquals } from "@std/assert";
import { withTopic } from "../../support/simulation/with_topic.ts";

const COUNT = 1_000;

/** Bytes that tell their place, of all lengths up to some kilobytes. */
function bytesAt(at: number): Uint8Array {
  return new Uint8Array(at * 37 % 3_000).fill(at);
}

for (const channels of ["bytes", "messages"] as const) {
  Deno.test(`bytes of all lengths come as they were published, one by one and in batches, over ${channels}`, async () => {
    const raw = topic("raw", t.raw(), { slow: "backpressure" });
    await withTopic(raw, { nodes: 3, channels }, async ({ joined, subscribed }) => {
      const singly = joined[1]!.subscribe(), together = joined[2]!.subscribe().batches();
      await subscribed(0, 2);
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
    });
  });
}

Deno.test("a message alone in its frame does not go beyond the bytes that may wait", async () => {
  const raw = topic("raw", t.raw(), { slow: "drop-newest", maxQueuedBytes: 1_000 });
  await withTopic(raw, { nodes: 2 }, async ({ grid, joined, subscribed }) => {
    const messages = joined[1]!.subscribe();
    await subscribed(0, 1);
    for (const bytes of [600, 600, 300]) {
      await joined[0]!.publish(new Uint8Array(bytes));
      await grid.clock.advance(1_000);
    }
    assertEquals([messages.queued, messages.dropped, messages.missed], [2, 1, 0]);
    assertEquals((await messages.next()).value!.sequence, 1);
    assertEquals((await messages.next()).value!.sequence, 3);
  });
});

Deno.test("a message whose frame is taken in part keeps none of the rest", async () => {
  const raw = [1_000, 2].map((maxQueued) =>
    topic("raw", t.raw(), { slow: "drop-newest", maxQueued })
  );
  await withTopic(raw, { nodes: 2 }, async ({ grid, joined, subscribed }) => {
    const messages = joined[1]!.subscribe();
    await subscribed(0, 1);
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
  });
});
