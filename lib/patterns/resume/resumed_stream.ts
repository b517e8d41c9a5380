/**
 * A stream that goes on after a loss.
 *
 * @module
 */

import { InternodeError } from "../../errors.ts";
import { resultOf } from "../../foreign/iterator_result.ts";
import { isOwnError } from "../../foreign/own_error.ts";
import { shown } from "../../foreign/text_of.ts";
import { unpromised } from "../../foreign/thenable.ts";
import type { Attempt, AttemptSettings } from "./attempt_options.ts";
import { Attempts } from "./attempts.ts";
import { GivenUpWait, leaveIterator } from "./given_up_wait.ts";
import { GAP_ERROR, GapError } from "./gap_error.ts";
import { checkOrder, checkPosition } from "./position_order.ts";

/** Opens a stream behind a position: a call, or whatever else is iterated; also a promise of it. */
export type OpenStream<Output, Position> = (
  from: Position | undefined,
  attempt: Attempt,
) => AsyncIterable<Output> | Promise<AsyncIterable<Output>>;

/** What a {@linkcode ResumedStream} is made from. */
export interface ResumedStreamParts<Output, Position> {
  /** Opens it. */
  readonly open: OpenStream<Output, Position>;
  /** The position of an output. */
  readonly position: (output: Output) => Position;
  /** Where it begins. */
  readonly from: Position | undefined;
  /** The position of the output before. */
  readonly previous: ((output: Output) => Position | undefined) | undefined;
  /** The order of positions. */
  readonly compare: (a: Position, b: Position) => number;
  /** Whether a clean end is a loss. */
  readonly endless: boolean;
  /** Whether it begins anew after a gap. */
  readonly restarts: boolean;
  /** How it goes on. */
  readonly attempts: AttemptSettings;
}

/**
 * What {@linkcode resume} gives: an iterator over the outputs. After its end
 * each `next()` says so again; after an error each `next()` rejects with it. After `return()`
 * (leaving the loop), each rejects with an `InternodeError` of code `Closed`.
 *
 * @typeParam Output What the stream gives.
 * @typeParam Position Where an output stands in the stream.
 */
export class ResumedStream<Output, Position>
  implements AsyncIterableIterator<Output, undefined>, AsyncDisposable {
  readonly #parts: ResumedStreamParts<Output, Position>;
  readonly #attempts: Attempts;
  #position: Position | undefined;
  #duplicates = 0;
  /** The attempt that is read; `null`: none. */
  #outputs: AsyncIterator<Output> | null = null;
  readonly #wait = new GivenUpWait();
  #reading: Promise<unknown> = Promise.resolve();

  /** Made by {@linkcode resume}. */
  constructor(parts: ResumedStreamParts<Output, Position>) {
    this.#parts = parts;
    this.#position = parts.from;
    this.#attempts = new Attempts(parts.attempts, "The stream", () => this.#close());
  }

  /** The position of the output that was read last, or where it began. To be kept, so that another process can go on from there. */
  get position(): Position | undefined {
    return this.#position;
  }

  /** How often it was opened. */
  get attempts(): number {
    return this.#attempts.count;
  }

  /** How many outputs were dropped because they had been read before. */
  get duplicates(): number {
    return this.#duplicates;
  }

  /** The next output. */
  next(): Promise<IteratorResult<Output, undefined>> {
    const read = this.#reading.then(() => this.#read());
    this.#reading = read.catch(() => {});
    return read;
  }

  /** Cancels it. */
  return(): Promise<IteratorResult<Output, undefined>> {
    this.#attempts.end(LEFT);
    return Promise.resolve(DONE);
  }

  /** Itself. */
  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Cancels it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  async #read(): Promise<IteratorResult<Output, undefined>> {
    const attempts = this.#attempts;
    while (attempts.ending === null) {
      const result = await this.#try();
      if (result === null) continue;
      if (result.done === true) {
        if (this.#parts.endless) await this.#lose(ENDED);
        else attempts.end(undefined);
        continue;
      }
      try {
        if (this.#isNew(result.value)) return { done: false, value: result.value };
      } catch (error) {
        await this.#fail(error);
      }
    }
    const { error } = attempts.ending;
    if (error !== undefined) throw error;
    return DONE;
  }

  /** The next result of the present attempt, or of a new one; `null` if it has failed. */
  async #try(): Promise<IteratorResult<Output> | null> {
    try {
      const outputs = this.#outputs ??= await this.#open();
      if (outputs === null) return null;
      // It may have ended after the opening, before the outputs stood where its end looks.
      if (this.#attempts.ending !== null) this.#close();
      const result = await this.#wait.for(outputs.next());
      return result === null ? null : resultOf(result, "stream");
    } catch (error) {
      await this.#lose(error);
      return null;
    }
  }

  /** Opens it anew; `null` if it has ended before. */
  async #open(): Promise<AsyncIterator<Output> | null> {
    const opened = Promise.resolve(this.#parts.open(this.#position, this.#attempts.begin()));
    const made = opened.then((outputs) => {
      const iterator = outputs[Symbol.asyncIterator]();
      if (this.#attempts.ending === null) return iterator;
      leaveIterator(iterator);
      return null;
    });
    return await this.#wait.for(made);
  }

  async #lose(error: unknown): Promise<void> {
    const outputs = this.#outputs, position = this.#position;
    this.#outputs = null;
    if (outputs !== null) leaveIterator(outputs);
    if (error instanceof GapError) await this.#fail(error);
    else if (
      isOwnError(error) && error.code === "HandlerFailed" && error.remoteName === GAP_ERROR
    ) {
      const gap = new GapError(`The stream cannot go on without a gap: ${error.remoteMessage}`, {
        after: position,
        cause: error,
      });
      await this.#fail(gap);
    } else await this.#attempts.afterFailure(error, position);
  }

  /** It cannot go on from here: it ends, or begins anew behind a gap. */
  async #fail(error: unknown): Promise<void> {
    const position = this.#position, outputs = this.#outputs;
    if (!this.#parts.restarts || position === undefined || !(error instanceof GapError)) {
      return this.#attempts.end(error);
    }
    this.#position = undefined;
    this.#outputs = null;
    if (outputs !== null) leaveIterator(outputs);
    await this.#attempts.afterLoss(error, position);
  }

  /** Whether an output is the next one, and no duplicate. */
  #isNew(output: Output): boolean {
    const { position: positionOf, previous, compare } = this.#parts;
    const last = this.#position, position = checkPosition(positionOf(output));
    if (last !== undefined) {
      if (checkOrder(compare(position, last)) <= 0) {
        this.#duplicates++;
        return false;
      }
      const before = unpromised(previous?.(output), "Option previous");
      if (before !== undefined && checkOrder(compare(before, last)) > 0) {
        throw new GapError(
          `The stream has a gap: behind position ${shown(last)} came ${shown(position)}, ` +
            `before which there was ${shown(before)}.`,
          { after: last },
        );
      }
    }
    this.#position = position;
    this.#attempts.onProgress();
    return true;
  }

  #close(): void {
    this.#wait.stop();
    if (this.#outputs !== null) leaveIterator(this.#outputs);
    this.#outputs = null;
  }
}

const DONE: IteratorReturnResult<undefined> = { done: true, value: undefined };
const LEFT = new InternodeError("Closed", "The reader of this resumed stream has left it.", {
  origin: "caller",
  outcome: "maybeExecuted",
});
const ENDED = new InternodeError("Closed", "The handler has ended the stream, which has no end.", {
  origin: "remote",
  outcome: "executed",
});
