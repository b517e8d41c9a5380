/** Messages of a topic that are read many at a time. */

import { assertEquals, assertRejects } from "@std/assert";
import { InternodeError } from "@internode/grid";
import { MessageBatches } from "../../../lib/patterns/topic/message_batches.ts";
import type { QueuedMessage } from "../../../lib/patterns/topic/inbox.ts";
import { ReadQueue } from "../../../lib/patterns/topic/read_queue.ts";
import { Subscription } from "../../../lib/patterns/topic/subscription.ts";
import { resolveTopic, type TopicOptions } from "../../../lib/patterns/topic/topic_options.ts";

class Source {
  readonly queue: ReadQueue<QueuedMessage<number>>;
  readonly missed = 0;
  ends = 0;
  #sequence = 0;

  constructor(options: TopicOptions = {}) {
    this.queue = new ReadQueue(resolveTopic(options), () => this.ends++);
  }

  publish(...values: number[]): void {
    for (const value of values) {
      this.queue.push({ value, publisher: "tcp://other", sequence: ++this.#sequence, size: 1 });
    }
  }
}

function valuesOf(result: IteratorResult<readonly { readonly value: number }[]>): number[] | null {
  return result.done ? null : result.value.map(({ value }) => value);
}

Deno.test("a batch has all that waits, or what comes next and is there when it is read", async () => {
  const source = new Source(), batches = new Subscription(source).batches();
  source.publish(1, 2, 3);
  assertEquals(valuesOf(await batches.next()), [1, 2, 3]);
  const awaited = batches.next();
  source.publish(4, 5);
  assertEquals(valuesOf(await awaited), [4, 5]);
  source.publish(6);
  assertEquals(valuesOf(await batches.next()), [6]);
});

Deno.test("batches that are asked for together come in order", async () => {
  const source = new Source(), batches = new Subscription(source).batches();
  const asked = [batches.next(), batches.next(), batches.next()];
  source.publish(1, 2);
  assertEquals(valuesOf(await asked[0]!), [1, 2]);
  source.publish(3);
  source.queue.end();
  assertEquals(valuesOf(await asked[1]!), [3]);
  assertEquals(valuesOf(await asked[2]!), null);
});

Deno.test("the end and an error come behind the last batch", async () => {
  const source = new Source({ slow: "disconnect", maxQueued: 2 });
  const batches = new Subscription(source).batches();
  source.publish(1, 2, 3);
  assertEquals(valuesOf(await batches.next()), [1, 2]);
  const error = await assertRejects(() => batches.next(), InternodeError);
  assertEquals([error.code, source.ends], ["Overloaded", 1]);
});

Deno.test("leaving the loop over batches ends the subscription", async () => {
  const source = new Source(), messages = new Subscription(source);
  source.publish(1);
  for await (const batch of messages.batches()) {
    assertEquals(batch.length, 1);
    source.publish(2);
    break;
  }
  assertEquals([source.ends, messages.queued], [1, 0]);
  assertEquals(valuesOf(await new MessageBatches(source.queue).next()), null);
});
