/**
 * What a caller sends on a stream, before interceptors have seen it.
 *
 * @module
 */

import { InternodeError } from "../../errors.ts";
import { Fifo } from "../../wire/fifo.ts";
import type { TakenInput } from "../../session/sending/stream_queue.ts";
import type { InputTaker } from "../calling/stream.ts";
import { rejection } from "../serving/message_queue.ts";
import type { Tracked } from "./tracked_messages.ts";

/** A message whose sender waits until it has gone on. */
interface Entry extends TakenInput {
  readonly value: unknown;
}

/**
 * Takes messages from the caller, and gives them to interceptors. A message has
 * gone on when its reader asks for the next one, so that the sender waits for
 * the handler's side as without interceptors.
 */
export class SentMessages<Input> implements Tracked<Input>, InputTaker<Input> {
  state: Tracked<Input>["state"] = "open";
  failure: unknown = undefined;
  /** Whether the caller has ended them, or nothing goes on any more. */
  ended = false;
  readonly #waiting = new Fifo<Entry>();
  readonly #readers = new Fifo<PromiseWithResolvers<IteratorResult<Input>>>();
  /** Those that were read, and have not gone on. */
  #given: Entry[] = [];

  /** A message of the caller. */
  send(_codec: unknown, value: Input): TakenInput {
    const entry: Entry = { value, onAccepted: NOTHING, onRefused: NOTHING };
    const reader = this.#readers.shift();
    if (reader === undefined) this.#waiting.push(entry);
    else reader.resolve(this.#give(entry));
    return entry;
  }

  /** The caller has ended them. */
  end(): void {
    this.ended = true;
    if (this.#readers.length === 0) return;
    this.state = "done";
    for (let next = this.#readers.shift(); next !== undefined; next = this.#readers.shift()) {
      next.resolve(DONE);
    }
  }

  /** Reads the next message: those read before have gone on. */
  next(): Promise<IteratorResult<Input>> {
    const gone = this.#given;
    if (gone.length > 0) {
      this.#given = [];
      for (const entry of gone) entry.onAccepted();
    }
    const entry = this.#waiting.shift();
    if (entry !== undefined) return Promise.resolve(this.#give(entry));
    if (this.state === "failed") return rejection(this.failure);
    if (this.state === "left") return Promise.resolve(DONE);
    if (this.ended) {
      this.state = "done";
      return Promise.resolve(DONE);
    }
    const reader = Promise.withResolvers<IteratorResult<Input>>();
    this.#readers.push(reader);
    return reader.promise;
  }

  /** The interceptors read no more. */
  return(): Promise<IteratorResult<Input>> {
    if (this.state === "open") {
      this.state = "left";
      this.#refuse(LEFT);
    }
    return Promise.resolve(DONE);
  }

  /** Itself. */
  [Symbol.asyncIterator](): this {
    return this;
  }

  /**
   * The last message that was read is refused, and no other.
   *
   * @returns Whether its sender can be told.
   */
  refuse(error: unknown): boolean {
    const entry = this.#given.pop();
    entry?.onRefused(error);
    return entry !== undefined;
  }

  /** The stream is over: nothing goes on any more. */
  fail(error: unknown): void {
    if (this.state === "open") {
      this.state = "failed";
      this.failure = error;
    }
    this.#refuse(error);
  }

  #give(entry: Entry): IteratorYieldResult<Input> {
    this.#given.push(entry);
    // Only what the caller has sent is in it.
    return { done: false, value: entry.value as Input };
  }

  #refuse(error: unknown): void {
    this.ended = true;
    const refused = this.#given;
    this.#given = [];
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      refused.push(next);
    }
    for (const entry of refused) entry.onRefused(error);
    for (let next = this.#readers.shift(); next !== undefined; next = this.#readers.shift()) {
      next.promise.catch(NOTHING);
      if (this.state === "left") next.resolve(DONE);
      else next.reject(error);
    }
  }
}

const NOTHING = (): void => {};
const DONE: IteratorReturnResult<undefined> = { done: true, value: undefined };
const LEFT = new InternodeError(
  "Closed",
  "An interceptor takes no more messages of this stream, so the rest was dropped.",
  { origin: "local", outcome: "maybeExecuted" },
);
