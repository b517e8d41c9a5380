/**
 * Received messages of a stream, until somebody reads them.
 *
 * @module
 */

import { InternodeError } from "../../errors.ts";
import { Fifo } from "../../wire/fifo.ts";

/** How a queue ends: well, or with an error once all before it is read. */
type Ending = { readonly error: unknown; readonly failed: boolean };

/** Is told what the reader of a queue does. */
export interface QueueListener {
  /** A message of that size was read, which took so much memory beside it. */
  onConsumed(bytes: number, memory: number): void;
  /** The reader wants no more. */
  onReturn(): void;
}

/**
 * Messages in order, then the end: whatever has arrived is read first, and
 * only then the clean end or the error shows.
 *
 * A reader sees the clean end only if all that was sent was read. What ends a
 * queue in any other way, its reader's own `return` included, is an error to
 * every `next` from then on: one that showed once only would look like the
 * end to a second reader, or to one that tries again.
 */
export class MessageQueue<T> implements AsyncIterableIterator<T> {
  readonly #listener: QueueListener;
  #values: Fifo<T> | null = null;
  #sizes: Fifo<number> | null = null;
  /** What each takes of memory; made when one takes any. */
  #memory: Fifo<number> | null = null;
  /** Who waits first; rarely is there another. */
  #reader: PromiseWithResolvers<IteratorResult<T>> | null = null;
  #laterReaders: Fifo<PromiseWithResolvers<IteratorResult<T>>> | null = null;
  #ending: Ending | null = null;

  /** @param listener Hears of what is read. */
  constructor(listener: QueueListener) {
    this.#listener = listener;
  }

  /** A message has arrived. */
  push(value: T, bytes: number, memory = 0): void {
    if (this.#ending !== null) return;
    const reader = this.#reader;
    if (reader !== null) {
      this.#reader = this.#laterReaders?.shift() ?? null;
      reader.resolve({ done: false, value });
      this.#listener.onConsumed(bytes, memory);
      return;
    }
    if (memory > 0 || this.#memory !== null) this.#noteMemory(memory);
    (this.#values ??= new Fifo()).push(value);
    (this.#sizes ??= new Fifo()).push(bytes);
  }

  /** There are no more messages, and all that were sent have arrived. */
  end(): void {
    this.#finish(CLEAN);
  }

  /** There are no more messages, and that is a failure. What has arrived can still be read. */
  fail(error: unknown): void {
    this.#finish({ error, failed: true });
  }

  /**
   * Forgets what is unread and takes no more. If that leaves anything unread,
   * or the end had not come, the queue fails; how it has failed before counts
   * first.
   */
  giveUp(error: unknown): void {
    this.#discard(error);
    this.fail(error);
  }

  /** Reads the next message. */
  next(): Promise<IteratorResult<T>> {
    const values = this.#values;
    if (values !== null && values.length > 0) {
      const value = values.shift()!;
      this.#listener.onConsumed(this.#sizes!.shift()!, this.#memory?.shift() ?? 0);
      return Promise.resolve({ done: false, value });
    }
    const ending = this.#ending;
    if (ending === null) {
      const reader = Promise.withResolvers<IteratorResult<T>>();
      if (this.#reader === null) this.#reader = reader;
      else (this.#laterReaders ??= new Fifo()).push(reader);
      return reader.promise;
    }
    return ending.failed ? rejection(ending.error) : Promise.resolve(DONE);
  }

  /** The reader wants no more. */
  return(): Promise<IteratorResult<T>> {
    this.#discard(LEFT);
    this.#listener.onReturn();
    // Unless the listener has ended it with an error that says more.
    this.fail(LEFT);
    return Promise.resolve(DONE);
  }

  /** Itself. */
  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Forgets what is unread. A clean end belongs behind that, so it becomes the error. */
  #discard(error: unknown): void {
    const hasUnread = this.#values !== null && this.#values.length > 0;
    this.#values = this.#sizes = this.#memory = null;
    if (hasUnread && this.#ending === CLEAN) this.#ending = { error, failed: true };
  }

  #noteMemory(memory: number): void {
    if (this.#memory === null) {
      this.#memory = new Fifo();
      for (let before = this.#values?.length ?? 0; before > 0; before--) this.#memory.push(0);
    }
    this.#memory.push(memory);
  }

  #finish(ending: Ending): void {
    if (this.#ending !== null) return;
    this.#ending = ending;
    let reader = this.#reader ?? undefined;
    const later = this.#laterReaders;
    this.#reader = this.#laterReaders = null;
    for (; reader !== undefined; reader = later?.shift()) {
      if (ending.failed) {
        // Who reads ahead and never looks must not bring the process down.
        reader.promise.catch(IGNORE);
        reader.reject(ending.error);
      } else {
        reader.resolve(DONE);
      }
    }
  }
}

const IGNORE = (): void => {};
const CLEAN: Ending = { error: undefined, failed: false };
const DONE: IteratorReturnResult<undefined> = { done: true, value: undefined };
const LEFT = new InternodeError(
  "Closed",
  "The reader of these messages stopped before their end, so the rest was dropped. " +
    "To go on after some messages, call next() instead of leaving a loop.",
  { origin: "caller", outcome: "maybeExecuted" },
);

/** The same for who never looks. */
function rejection(error: unknown): Promise<never> {
  const rejected = Promise.reject(error);
  rejected.catch(IGNORE);
  return rejected;
}
