/**
 * What waits for a subscription, many messages at a time.
 *
 * @module
 */

import { DONE } from "./read_queue.ts";
import type { TopicMessage } from "./topic_message.ts";

/** Messages of a topic that were read together, at least one. */
export type TopicBatch<T> = readonly TopicMessage<T>[];

/** What waits for a subscription. */
export interface MessageQueue<T> {
  /** The next message, then the end. */
  next(): Promise<IteratorResult<TopicMessage<T>, undefined>>;
  /** All that waits; `null`: nothing does. */
  takeAll(): TopicBatch<T> | null;
  /** Resolves when something waits, or nothing is to come. */
  arrival(): Promise<void>;
  /** What comes behind it; `null`: more. */
  readonly ending: { readonly error: unknown } | null;
  /** Ends it; what waits is dropped. */
  leave(): void;
}

/** Takes all that waits; where nothing does, what comes next and what is there by then. */
export class MessageBatches<T> implements AsyncIterableIterator<TopicBatch<T>, undefined> {
  readonly #queue: MessageQueue<T>;
  /** The batch that was asked for last, so that two that are awaited together stay in order. */
  #last: Promise<void> = Promise.resolve();

  constructor(queue: MessageQueue<T>) {
    this.#queue = queue;
  }

  /** The next batch. */
  next(): Promise<IteratorResult<TopicBatch<T>, undefined>> {
    const take = (): Promise<IteratorResult<TopicBatch<T>, undefined>> => this.#take();
    const next = this.#last.then(take);
    // What has been read is not kept.
    this.#last = next.then(NOTHING, NOTHING);
    return next;
  }

  /** Ends the subscription; what is queued is dropped. */
  return(): Promise<IteratorResult<TopicBatch<T>, undefined>> {
    this.#queue.leave();
    return Promise.resolve(DONE);
  }

  /** Itself. */
  [Symbol.asyncIterator](): this {
    return this;
  }

  async #take(): Promise<IteratorResult<TopicBatch<T>, undefined>> {
    const queue = this.#queue;
    for (;;) {
      const value = queue.takeAll();
      if (value !== null) return { done: false, value };
      const { ending } = queue;
      if (ending === null) await queue.arrival();
      else if (ending.error === undefined) return DONE;
      else throw ending.error;
    }
  }
}

const NOTHING = (): void => {};
