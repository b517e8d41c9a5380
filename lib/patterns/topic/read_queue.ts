/**
 * What waits for one subscription, as that reads it.
 *
 * @module
 */

import { Fifo } from "../../wire/fifo.ts";
import { BoundedQueue, type Sized, tooSlow } from "./bounded_queue.ts";
import type { TopicSettings } from "./topic_options.ts";

/** A bounded queue whose items are awaited one by one. */
export class ReadQueue<Item extends Sized> extends BoundedQueue<Item> {
  readonly #readers = new Fifo<PromiseWithResolvers<IteratorResult<Item, undefined>>>();

  /** @param onEnd Is told once that it takes no more. */
  constructor(settings: TopicSettings, onEnd: () => void) {
    super(settings, tooSlow, () => {
      this.#endReaders();
      onEnd();
    });
  }

  override push(item: Item, isReplayed = false): void {
    const reader = this.ending === null ? this.#readers.shift() : undefined;
    if (reader === undefined) super.push(item, isReplayed);
    else reader.resolve({ done: false, value: item });
  }

  /** The next item, then the end. */
  next(): Promise<IteratorResult<Item, undefined>> {
    const item = this.shift();
    if (item !== undefined) return Promise.resolve({ done: false, value: item });
    const { ending } = this;
    if (ending === null) {
      const reader = Promise.withResolvers<IteratorResult<Item, undefined>>();
      this.#readers.push(reader);
      return reader.promise;
    }
    return ending.error === undefined ? Promise.resolve(DONE) : Promise.reject(ending.error);
  }

  #endReaders(): void {
    const { error } = this.ending!;
    let reader = this.#readers.shift();
    for (; reader !== undefined; reader = this.#readers.shift()) {
      if (error === undefined) reader.resolve(DONE);
      else {
        // Who reads ahead and never looks must not bring the process down.
        reader.promise.catch(() => {});
        reader.reject(error);
      }
    }
  }
}

/** What an iterator gives at its clean end. */
export const DONE: IteratorReturnResult<undefined> = { done: true, value: undefined };
