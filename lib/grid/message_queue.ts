/**
 * Received messages of a stream, until somebody reads them.
 *
 * @module
 */

import { Fifo } from "../wire/fifo.ts";

/** How a queue ends: well, or with an error once all before it is read. */
type Ending = { readonly error: unknown; readonly failed: boolean };

/** Whose messages they are. */
export interface QueueOwner {
  /** A message of that size was read. */
  onConsumed(bytes: number): void;
  /** The reader wants no more. */
  onReturn(): void;
}

/**
 * Messages in order, then the end: whatever has arrived is read first, and
 * only then the clean end or the error shows.
 */
export class MessageQueue<T> implements AsyncIterableIterator<T> {
  readonly #owner: QueueOwner;
  #values: Fifo<T> | null = null;
  #sizes: Fifo<number> | null = null;
  /** Who waits first; hardly ever is there another. */
  #reader: PromiseWithResolvers<IteratorResult<T>> | null = null;
  #laterReaders: Fifo<PromiseWithResolvers<IteratorResult<T>>> | null = null;
  #ending: Ending | null = null;

  /** @param owner Hears of what is read. */
  constructor(owner: QueueOwner) {
    this.#owner = owner;
  }

  /** A message has arrived. */
  push(value: T, bytes: number): void {
    if (this.#ending !== null) return;
    const reader = this.#reader;
    if (reader !== null) {
      this.#reader = this.#laterReaders?.shift() ?? null;
      reader.resolve({ done: false, value });
      this.#owner.onConsumed(bytes);
      return;
    }
    (this.#values ??= new Fifo()).push(value);
    (this.#sizes ??= new Fifo()).push(bytes);
  }

  /** There are no more messages. */
  end(): void {
    this.#finish({ error: undefined, failed: false });
  }

  /** There are no more messages, and that is a failure. */
  fail(error: unknown): void {
    this.#finish({ error, failed: true });
  }

  /** Forgets what is unread. */
  discard(): void {
    this.#values = this.#sizes = null;
  }

  /** Reads the next message. */
  next(): Promise<IteratorResult<T>> {
    const values = this.#values;
    if (values !== null && values.length > 0) {
      const value = values.shift()!;
      this.#owner.onConsumed(this.#sizes!.shift()!);
      return Promise.resolve({ done: false, value });
    }
    const ending = this.#ending;
    if (ending === null) {
      const reader = Promise.withResolvers<IteratorResult<T>>();
      if (this.#reader === null) this.#reader = reader;
      else (this.#laterReaders ??= new Fifo()).push(reader);
      return reader.promise;
    }
    if (!ending.failed) return Promise.resolve(DONE);
    // An error is told once; after it there is nothing more to read.
    this.#ending = { error: undefined, failed: false };
    return Promise.reject(ending.error);
  }

  /** The reader wants no more. */
  return(): Promise<IteratorResult<T>> {
    this.discard();
    this.#owner.onReturn();
    this.#finish({ error: undefined, failed: false });
    this.#ending = { error: undefined, failed: false };
    return Promise.resolve(DONE);
  }

  /** Itself. */
  [Symbol.asyncIterator](): this {
    return this;
  }

  #finish(ending: Ending): void {
    if (this.#ending !== null) return;
    this.#ending = ending;
    const reader = this.#reader, later = this.#laterReaders;
    if (reader === null) return;
    this.#reader = this.#laterReaders = null;
    if (ending.failed) {
      this.#ending = { error: undefined, failed: false };
      reader.reject(ending.error);
    } else {
      reader.resolve(DONE);
    }
    if (later === null) return;
    for (let next = later.shift(); next !== undefined; next = later.shift()) next.resolve(DONE);
  }
}

const DONE: IteratorReturnResult<undefined> = { done: true, value: undefined };
