/**
 * A subscriber of a topic.
 *
 * @module
 */

import { MessageBatches, type MessageQueue, type TopicBatch } from "./message_batches.ts";
import type { TopicMessage } from "./topic_message.ts";

/** What a {@linkcode Subscription} reads from. */
export interface SubscriptionSource<T> {
  /** The messages. */
  readonly queue: MessageQueue<T> & { readonly length: number; readonly dropped: number };
  /** How many have not come. */
  readonly missed: number;
}

/**
 * An iterator over the messages of a topic, from `JoinedTopic.subscribe`.
 * Leaving its loop ends the subscription.
 *
 * @typeParam T What is published.
 */
export class Subscription<T>
  implements AsyncIterableIterator<TopicMessage<T>, undefined>, AsyncDisposable {
  readonly #source: SubscriptionSource<T>;

  /** Made by `JoinedTopic.subscribe`. */
  constructor(source: SubscriptionSource<T>) {
    this.#source = source;
  }

  /** How many messages wait to be read. */
  get queued(): number {
    return this.#source.queue.length;
  }

  /** How many messages were dropped, as they were not read in time. */
  get dropped(): number {
    return this.#source.queue.dropped;
  }

  /**
   * How many messages have not come to this node since it subscribed, as far as
   * is known: dropped by their publishers, as this node or the network was too
   * slow, or lost with a connection. It is known when the publisher's next message
   * has come. What publishers took with them when their processes ended is not counted.
   */
  get missed(): number {
    return this.#source.missed;
  }

  /** The next message. */
  next(): Promise<IteratorResult<TopicMessage<T>, undefined>> {
    return this.#source.queue.next();
  }

  /**
   * The messages in batches: all that wait, at most `maxQueued`. A loop
   * over many small messages takes less time with it than one by one. Leaving
   * its loop ends the subscription.
   *
   * @example
   * ```ts
   * import { Manager } from "@internode/grid";
   * import * as t from "@internode/grid/codec";
   * import { topic } from "@internode/grid/patterns";
   * import { assertEquals } from "@std/assert";
   *
   * const local = "memory://alone";
   * await using grid = new Manager({ local, hosts: [local] });
   * await using measured = topic("measured", t.float()).join(grid);
   * const messages = measured.subscribe();
   * for (const value of [1, 2, 3]) await measured.publish(value);
   * for await (const batch of messages.batches()) {
   *   assertEquals(batch.map(({ value }) => value), [1, 2, 3]);
   *   break;
   * }
   * ```
   */
  batches(): AsyncIterableIterator<TopicBatch<T>, undefined> {
    return new MessageBatches(this.#source.queue);
  }

  /** Ends the subscription; what is queued is dropped. */
  return(): Promise<IteratorResult<TopicMessage<T>, undefined>> {
    this.#source.queue.leave();
    return Promise.resolve({ done: true, value: undefined });
  }

  /** Itself. */
  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Ends the subscription. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }
}
