/**
 * What waits for one subscription, as that reads it.
 *
 * @module
 */

import { Fifo } from "../../wire/fifo.ts";
import { BoundedQueue, tooSlow } from "./bounded_queue.ts";
import type { TopicSettings } from "./topic_options.ts";

/** What is queued. */
export interface Sized {
  /** How many bytes it takes. */
  readonly size: number;
}

/** A bounded queue whose items are awaited one by one, or all that there are. */
export class ReadQueue<Item extends Sized> extends BoundedQueue {
  readonly #readers = new Fifo<PromiseWithResolvers<IteratorResult<Item, undefined>>>();
  /** Items as they came: a whole run is queued, and read, as one. */
  readonly #runs = new Fifo<Item[]>();
  /** The last run; `null`: nothing waits, and no message is kept for the sake of that. */
  #last: Item[] | null = null;
  /** How many items of the first run are read. */
  #read = 0;
  /** Whoever waits until an item is queued. */
  #arrival: PromiseWithResolvers<void> | null = null;

  /** @param onEnd Is told once that it takes no more. */
  constructor(settings: TopicSettings, onEnd: () => void) {
    super(settings, tooSlow, () => {
      this.#endReaders();
      this.#tellArrival();
      onEnd();
    });
  }

  /**
   * Adds an item, or does what the policy says.
   *
   * @param isReplayed See `admit`.
   */
  push(item: Item, isReplayed = false): void {
    const reader = this.ending === null ? this.#readers.shift() : undefined;
    if (reader !== undefined) return reader.resolve({ done: false, value: item });
    if (!this.admit(item.size, isReplayed)) return;
    if (this.#last !== null && this.#last.length < RUN_ITEMS) this.#last.push(item);
    else this.#runs.push(this.#last = [item]);
    this.#tellArrival();
  }

  /**
   * Adds items that find room.
   *
   * @param items At least one; from now on the array belongs to the queue.
   * @param bytes How many all of them take.
   */
  pushAll(items: Item[], bytes: number): void {
    if (this.ending !== null) return;
    let given = 0;
    for (; given < items.length && this.#readers.length > 0; given++) {
      const value = items[given]!;
      bytes -= value.size;
      this.#readers.shift()!.resolve({ done: false, value });
    }
    if (given === items.length) return;
    this.#runs.push(this.#last = given === 0 ? items : items.slice(given));
    this.admitAll(items.length - given, bytes);
    this.#tellArrival();
  }

  /** The next item, then the end. */
  next(): Promise<IteratorResult<Item, undefined>> {
    if (this.length > 0) {
      const value = this.#shift();
      this.onTaken(1, value.size);
      return Promise.resolve({ done: false, value });
    }
    const { ending } = this;
    if (ending === null) {
      const reader = Promise.withResolvers<IteratorResult<Item, undefined>>();
      this.#readers.push(reader);
      return reader.promise;
    }
    return ending.error === undefined ? Promise.resolve(DONE) : Promise.reject(ending.error);
  }

  /** Takes all that waits; `null`: nothing does. The array belongs to the caller. */
  takeAll(): Item[] | null {
    let all = this.#runs.shift();
    if (all === undefined) return null;
    if (this.#read > 0) all = all.slice(this.#read);
    // One by one, as there may be more runs than a call takes arguments.
    for (const run of this.#runs) for (const item of run) all.push(item);
    this.forget();
    this.onTaken(all.length, this.bytes);
    return all;
  }

  /** Resolves when something waits, or nothing is to come. */
  arrival(): Promise<void> {
    if (this.length > 0 || this.ending !== null) return Promise.resolve();
    return (this.#arrival ??= Promise.withResolvers()).promise;
  }

  protected override dropOldest(): number {
    return this.#shift().size;
  }

  protected override forget(): void {
    this.#runs.clear();
    this.#last = null;
    this.#read = 0;
  }

  /** The first item, of which there is one. */
  #shift(): Item {
    const run = this.#runs.peek()!, at = this.#read++, item = run[at]!;
    if (this.#read < run.length) {
      // What is read is not kept for the sake of what is not.
      (run as (Item | undefined)[])[at] = undefined;
      return item;
    }
    this.#runs.shift();
    this.#read = 0;
    if (this.#last === run) this.#last = null;
    return item;
  }

  #tellArrival(): void {
    if (this.#arrival === null) return;
    this.#arrival.resolve();
    this.#arrival = null;
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

/** Items that come one by one make runs of so many. */
const RUN_ITEMS = 256;

/** What an iterator gives at its clean end. */
export const DONE: IteratorReturnResult<undefined> = { done: true, value: undefined };
