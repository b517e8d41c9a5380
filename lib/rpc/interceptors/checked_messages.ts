/**
 * What interceptors have made of a stream's messages.
 *
 * @module
 */

import { Fifo } from "../../wire/fifo.ts";
import { InternodeError } from "../../errors.ts";
import { promiseOf } from "../../foreign/thenable.ts";
import type { Clock, Timer } from "../../runtime/clock.ts";
import { resultOf } from "../../foreign/iterator_result.ts";
import { READER_LEFT } from "../serving/message_queue.ts";
import type { Tracked } from "./tracked_messages.ts";

/** Whose messages these are. */
export interface MessageOwner {
  /** What they were made of; `null` if the interceptors have made them of nothing. */
  readonly made: Tracked<unknown> | null;
  /** What a reader is told of an error. */
  failureOf(thrown: unknown): unknown;
  /** Told of the end, once: `null` for a clean one. */
  onMessagesEnd(failure: { readonly error: unknown } | null): void;
}

/** How long a reader waits for one message. */
export interface ReadBound {
  /** That long, in milliseconds. */
  readonly waitMs: number;
  /** Makes the error of a reader whose time has run out. */
  readonly late: () => unknown;
  /** The source of time. */
  readonly clock: Clock;
}

/** One who waits for the next message. */
interface WaitingReader {
  readonly reject: (error: unknown) => void;
  /** Of those that wait with a bound. */
  timer: Timer | null;
  isSettled: boolean;
}

/**
 * Reads messages that interceptors have made of others, and holds what readers
 * of a stream rely on: the end is clean only if the messages that they were made
 * of were read to their clean end, and after an error each `next` rejects with
 * it. All of it is code of users: it may throw anywhere and never settle.
 */
export class CheckedMessages<T> implements AsyncIterableIterator<T> {
  readonly #given: AsyncIterable<T> | Promise<AsyncIterable<T>>;
  readonly #owner: MessageOwner;
  /**
   * In order; the first one is not settled. No map: one that is emptied and
   * filled again has a new table each time, which only a full collection takes
   * back.
   */
  readonly #waiting = new Fifo<WaitingReader>();
  #iterator: AsyncIterator<T> | null = null;
  #opening: Promise<AsyncIterator<T>> | null = null;
  #failure: { readonly error: unknown } | null = null;
  #isDone = false;
  #left: Promise<void> | null = null;
  /** From then on no reader waits longer than a turn. */
  #late: { readonly error: unknown; readonly clock: Clock } | null = null;
  /** How long each reader waits at most. */
  #bound: ReadBound | null = null;

  /**
   * @param given The messages, or a promise of them.
   * @param owner Whose they are.
   */
  constructor(given: AsyncIterable<T> | Promise<AsyncIterable<T>>, owner: MessageOwner) {
    this.#given = given;
    this.#owner = owner;
  }

  /** How reading has failed; `null`: it has not. */
  get failure(): { readonly error: unknown } | null {
    return this.#failure;
  }

  /** Reads the next message. */
  next(): Promise<IteratorResult<T>> {
    const result = new Promise<IteratorResult<T>>((resolve, reject) => {
      if (this.#failure !== null) return reject(this.#failure.error);
      if (this.#isDone) return resolve(DONE);
      const reader: WaitingReader = { reject, timer: null, isSettled: false };
      this.#waiting.push(reader);
      if (this.#bound !== null) this.#watch(reader, this.#bound);
      if (this.#late !== null) this.#hurry(this.#late);
      this.#read().then((read) => {
        this.#settle(reader);
        resolve(read);
      }, (error) => {
        this.#settle(reader);
        reject(error);
      });
    });
    // Who reads ahead and never looks must not bring the process down.
    result.catch(IGNORE);
    return result;
  }

  /** The reader has stopped: what is left is dropped, also while it is awaited. */
  async return(): Promise<IteratorResult<T>> {
    if (!this.#isDone) this.fail(READER_LEFT);
    await this.#leave();
    return DONE;
  }

  /** Itself. */
  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Fails readers that wait, and those to come. */
  fail(error: unknown): void {
    if (this.#failure !== null || this.#isDone) return;
    this.#failure = { error };
    for (const reader of this.#unsettled()) {
      this.#settle(reader);
      reader.reject(error);
    }
    void this.#leave();
  }

  /** The call has ended well: what has come may be read, but no reader waits for the interceptors without a bound. */
  bound(bound: ReadBound): void {
    this.#bound = bound;
    for (const reader of this.#unsettled()) this.#watch(reader, bound);
  }

  #watch(reader: WaitingReader, { waitMs, late, clock }: ReadBound): void {
    reader.timer = clock.setTimer(waitMs, () => {
      const error = late();
      this.fail(error);
      this.#owner.onMessagesEnd({ error });
    });
  }

  /** One reader waits no more. */
  #settle(reader: WaitingReader): void {
    if (reader.isSettled) return;
    reader.isSettled = true;
    while (this.#waiting.peek()?.isSettled) this.#waiting.shift();
    if (reader.timer !== null) this.#bound?.clock.clearTimer(reader.timer);
  }

  #unsettled(): WaitingReader[] {
    return [...this.#waiting].filter(({ isSettled }) => !isSettled);
  }

  /** The call's time has run out: what has come may be read, but nobody waits for more. */
  expire(error: unknown, clock: Clock): void {
    this.#late = { error, clock };
    if (this.#waiting.length > 0) this.#hurry(this.#late);
  }

  #hurry({ error, clock }: { readonly error: unknown; readonly clock: Clock }): void {
    const waiting = this.#unsettled();
    clock.soon(() => {
      if (waiting.every(({ isSettled }) => isSettled)) return;
      this.fail(error);
      this.#owner.onMessagesEnd({ error });
    });
  }

  async #read(): Promise<IteratorResult<T>> {
    try {
      const iterator = this.#iterator ??= await (this.#opening ??= this.#open());
      const result = resultOf<T>(await iterator.next(), "interceptor");
      if (!result.done) return { done: false, value: result.value };
      checkEnd(this.#owner.made);
    } catch (thrown) {
      if (this.#failure !== null) throw this.#failure.error;
      const error = this.#owner.failureOf(thrown);
      this.fail(error);
      this.#owner.onMessagesEnd({ error });
      throw error;
    }
    if (this.#failure !== null) throw this.#failure.error;
    if (!this.#isDone) this.#owner.onMessagesEnd(null);
    this.#isDone = true;
    return DONE;
  }

  async #open(): Promise<AsyncIterator<T>> {
    return (await this.#given)[Symbol.asyncIterator]();
  }

  /** Ends what the interceptors have made, and what they have made it of: one of them may be waiting for it. */
  #leave(): Promise<void> {
    return this.#left ??= leave(this.#owner.made, this.#iterator);
  }
}

async function leave(
  made: Tracked<unknown> | null,
  iterator: AsyncIterator<unknown> | null,
): Promise<void> {
  const left = made?.return().then(IGNORE, IGNORE);
  if (iterator !== null) await promiseOf(() => iterator.return?.()).then(IGNORE, IGNORE);
  await left;
}

/** The end of what interceptors have made is clean only if that of what they have made it of was. */
function checkEnd(made: Tracked<unknown> | null): void {
  if (made === null || made.state === "done") return;
  if (made.state === "failed") throw made.failure;
  throw new InternodeError(
    "Closed",
    "An interceptor ended the messages of this stream before their end, so the rest was dropped.",
    { origin: "local", outcome: "maybeExecuted" },
  );
}

const IGNORE = (): void => {};
const DONE: IteratorReturnResult<undefined> = { done: true, value: undefined };
