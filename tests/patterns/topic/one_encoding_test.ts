/** How often a message of a topic is encoded. */

import * as t from "@internode/grid/codec";
import { topic } from "@internode/grid/patterns";
import { assertEquals } from "@std/assert";
import { withTopic } from "../../support/simulation/with_topic.ts";

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
  const news = topic("news", counted);
  await withTopic(news, { nodes: 5 }, async ({ joined, subscribed }) => {
    const [publisher, ...others] = joined;
    const readers = [...others, ...others, publisher!].map((one) => one.subscribe());
    await subscribed(0, 4);
    for (const [nth, size] of [0, 3_000, 100_000].entries()) {
      const value = { text: "x".repeat(size) };
      await publisher!.publish(value);
      for (const reader of readers) {
        assertEquals((await reader[Symbol.asyncIterator]().next()).value?.value, value);
      }
      assertEquals(encoded, nth + 1);
    }
  });
});
