/** How often a message of a topic is encoded. */

import type { Manager } from "@internode/grid";
import * as t from "@internode/grid/codec";
import { type JoinedTopic, topic } from "@internode/grid/patterns";
import { assertEquals } from "@std/assert";
import { simulatedGrid } from "../../support/simulation/simulated_grid.ts";

Deno.test("a message of a topic is encoded once, however many nodes and subscriptions it goes to", async () => {
  const inner = t.record({ text: t.string() });
  let encoded = 0;
  const counted: t.Codec<{ text: string }> = {
    encode(value, writer) {
      encoded++;
      inner.encode(value, writer);
    },
    decode: (reader) => inner.decode(reader),
  };
  const news = topic("news", counted), joined: JoinedTopic<{ text: string }>[] = [];
  const grid = simulatedGrid({
    nodes: 5,
    serve: (manager: Manager, { index, clock, random }) => {
      joined[index] = news.join(manager, { clock, random });
    },
  });
  await grid.run(async () => {
    await grid.start();
    const [publisher, ...others] = joined;
    const readers = [...others, ...others, publisher!].map((one) => one.subscribe());
    await grid.clock.runUntil(() => publisher!.stats().nodes.length === 4, 60_000);
    for (const [nth, size] of [0, 3_000, 100_000].entries()) {
      const value = { text: "x".repeat(size) };
      await publisher!.publish(value);
      for (const reader of readers) {
        assertEquals((await reader[Symbol.asyncIterator]().next()).value?.value, value);
      }
      assertEquals(encoded, nth + 1);
    }
    for (const one of joined) one.close();
  });
  await grid.close();
});
