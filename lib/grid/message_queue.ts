/**
 * Received messages of a stream, until somebody reads them.
 *
 * @module
 */

import { Fifo } from "../wire/fifo.ts";

/** How a queue ends: well, or with an error once all before it is read. */
type Ending = { readonly error: unknown; readonly failed: boolean };

/**
 * Messages in order, then the end: whatever has arrived is read first, and
 * only then the clean end or the error shows.
 */
export class MessageQueue<T> implements AsyncIterableIterator<T> {
  readonly #onConsumed: (bytes: number) => void;
  readonly #onReturn: () => void;
  #values: Fifo<T> | null = null;
  #sizes: Fifo<number> | null = null;
  #readers: Fifo<PromiseWithResolvers<IteratorResult<T>>> | null = null;
  #ending: Ending | null = null;

  /**
   * @param onConsumed Hears of each message that was read, with its size.
   * @param onReturn Hears that the reader wants no more.
   */
  constructor(onConsumed: (bytes: number) => void, onReturn: () => void) {
    this.#onConsumed = onConsumed;
    this.#onReturn = onReturn;
  }

  /** A message has arrived. */
  push(value: T, bytes: number): void {
    if (this.#ending !== null) return;
    const reader = this.#readers?.shift();
    if (reader !== undefined) {
      reader.resolve({ done: false, value });
      this.#onConsumed(bytes);
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
      this.#onConsumed(this.#sizes!.shift()!);
      return Promise.resolve({ done: false, value });
    }
    const ending = this.#ending;
    if (ending === null) {
      const reader = Promise.withResolvers<IteratorResult<T>>();
      (this.#readers ??= new Fifo()).push(reader);
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
    this.#onReturn();
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
    const readers = this.#readers;
    this.#readers = null;
    if (readers === null) return;
    let first = true;
    for (let reader = readers.shift(); reader !== undefined; reader = readers.shift()) {
      if (first && ending.failed) {
        this.#ending = { error: undefined, failed: false };
        reader.reject(ending.error);
      } else {
        reader.resolve(DONE);
      }
      first = false;
    }
  }
}

const DONE: IteratorReturnResult<undefined> = { done: true, value: undefined };
