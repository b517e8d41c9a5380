/**
 * Received messages of a stream, until they are read.
 *
 * @module
 */

import { InternodeError } from "../../errors.ts";
import { Fifo } from "../../wire/fifo.ts";
import { LEAST_LENT_BYTES, type LendingPool } from "../../wire/lending_pool.ts";

/** How a queue ends: cleanly, or with an error after everything before it was read. */
type Ending = { readonly error: unknown; readonly failed: boolean };

/** Is notified of what the reader of a queue does. */
export interface QueueListener {
  /** A message of that size was read; its value took that much memory. */
  onConsumed(bytes: number, memory: number): void;
  /** The reader has stopped. */
  onReturn(): void;
}

/**
 * Messages in order, then the end: everything that has arrived is read before
 * the clean end or the error.
 *
 * A reader sees the clean end only if everything that was sent was read. Any
 * other end, the reader's `return` included, is an error for every `next` from
 * then on. An error that appeared only once would look like the end to a second
 * reader, or to one that tries again.
 *
 * Messages may be lent: the one that was read last goes back when the next is
 * asked for, and unread ones when they are dropped.
 */
export class MessageQueue<T> implements AsyncIterableIterator<T> {
  readonly #listener: QueueListener;
  #values: Fifo<T> | null = null;
  #sizes: Fifo<number> | null = null;
  /** The memory of each message; made on first use. */
  #memory: Fifo<number> | null = null;
  /** The first waiting reader; there is rarely another. */
  #reader: PromiseWithResolvers<IteratorResult<T>> | null = null;
  #laterReaders: Fifo<PromiseWithResolvers<IteratorResult<T>>> | null = null;
  #ending: Ending | null = null;
  /** Takes messages of bytes back; `null` if they belong to their reader. */
  #lending: LendingPool | null;
  /** What was read last, if it is lent. */
  #lent: T | null = null;

  /**
   * @param listener Is notified of what is read.
   * @param lending Takes messages back, which are arrays of bytes then; those of at most {@linkcode LEAST_LENT_BYTES} belong to their reader. Default: all belong to their reader.
   */
  constructor(listener: QueueListener, lending: LendingPool | null = null) {
    this.#listener = listener;
    this.#lending = lending;
  }

  /** What is read from now on is lent, and goes back there. */
  lend(lending: LendingPool): void {
    this.#lending = lending;
  }

  /** A message has arrived. */
  push(value: T, bytes: number, memory = 0): void {
    if (this.#ending !== null) return this.#takeBack(value);
    const reader = this.#reader;
    if (reader !== null) {
      if (this.#lending !== null) this.#lent = value;
      this.#reader = this.#laterReaders?.shift() ?? null;
      reader.resolve({ done: false, value });
      this.#listener.onConsumed(bytes, memory);
      return;
    }
    if (memory > 0 || this.#memory !== null) this.#noteMemory(memory);
    (this.#values ??= new Fifo()).push(value);
    (this.#sizes ??= new Fifo()).push(bytes);
  }

  /** There are no more messages, and everything that was sent has arrived. */
  end(): void {
    this.#finish(CLEAN);
  }

  /** There are no more messages because of a failure. What has arrived can still be read. */
  fail(error: unknown): void {
    this.#finish({ error, failed: true });
  }

  /**
   * Drops unread messages and accepts no more. If there were any, or the end
   * had not come, the queue fails; an earlier failure stays.
   */
  giveUp(error: unknown): void {
    this.#discard(error);
    this.fail(error);
  }

  /** Reads the next message. */
  next(): Promise<IteratorResult<T>> {
    if (this.#lent !== null) this.#takeLent();
    const values = this.#values;
    if (values !== null && values.length > 0) {
      const value = values.shift()!;
      if (this.#lending !== null) this.#lent = value;
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

  /** The reader has stopped. */
  return(): Promise<IteratorResult<T>> {
    this.#takeLent();
    this.#discard(READER_LEFT);
    this.#listener.onReturn();
    // Unless the listener has ended it with a more precise error.
    this.fail(READER_LEFT);
    return Promise.resolve(DONE);
  }

  /** Itself. */
  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Forgets what is unread. A clean end belongs behind that, so it becomes the error. */
  #discard(error: unknown): void {
    const unread = this.#values, hasUnread = unread !== null && unread.length > 0;
    if (this.#lending !== null && unread !== null) {
      for (const value of unread) this.#takeBack(value);
    }
    this.#values = this.#sizes = this.#memory = null;
    if (hasUnread && this.#ending === CLEAN) this.#ending = { error, failed: true };
  }

  #takeLent(): void {
    const lent = this.#lent;
    this.#lent = null;
    if (lent !== null) this.#takeBack(lent);
  }

  /** Takes the memory of a message back. A small message shares its memory with others, and a message that its reader has transferred has none: both are left alone. */
  #takeBack(value: T): void {
    // Only messages of bytes are lent.
    const bytes = value as unknown as Uint8Array<ArrayBuffer>;
    if (this.#lending !== null && bytes.length > LEAST_LENT_BYTES) this.#lending.takeBack(bytes);
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
/** What readers are told that go on after they have stopped. */
export const READER_LEFT: InternodeError = new InternodeError(
  "Closed",
  "The reader of these messages stopped before their end, so the rest was dropped. " +
    "To go on after some messages, call next() instead of leaving a loop.",
  { origin: "caller", outcome: "maybeExecuted" },
);

/** A rejected promise that does no harm to who reads ahead and never looks. */
export function rejection(error: unknown): Promise<never> {
  const rejected = Promise.reject(error);
  rejected.catch(IGNORE);
  return rejected;
}
