/**
 * A reader of a log of outputs.
 *
 * @module
 */

import { invalidArgument } from "../../errors.ts";
import { checkSignal, hasAborted, leaveSignal, listenTo, reasonOf } from "../../foreign/signal.ts";
import type { KeptOutputs } from "./kept_outputs.ts";
import type { LoggedOutput } from "./logged_output.ts";

type Result<Value> = IteratorResult<LoggedOutput<Value>, undefined>;

/** A place in a log. Made by `OutputLog.read`. */
export class LogReader<Value> implements AsyncIterableIterator<LoggedOutput<Value>, undefined> {
  readonly #log: KeptOutputs<Value>;
  readonly #signal: AbortSignal | undefined;
  readonly #readers: Set<LogReader<Value>>;
  /** The number of the next output. */
  #next: number;
  /** Who waits for it. */
  #waiting: PromiseWithResolvers<Result<Value>> | null = null;
  /** How it has ended: `undefined` for a clean end; `null`: it has not. */
  #ending: { readonly error: unknown } | null = null;

  /** @param readers Holds it for as long as it reads. */
  constructor(
    log: KeptOutputs<Value>,
    next: number,
    signal: AbortSignal | undefined,
    readers: Set<LogReader<Value>>,
  ) {
    checkSignal(signal);
    this.#log = log;
    this.#next = next;
    this.#signal = signal;
    this.#readers = readers;
    readers.add(this);
    listenTo(signal, this, (thrown) => this.#end(thrown));
    if (hasAborted(signal)) this.handleEvent();
  }

  /** The next output. Only one at a time can be waited for. */
  next(): Promise<Result<Value>> {
    if (this.#waiting !== null) {
      return Promise.reject(
        invalidArgument("A reader of a log waits for one output at a time: await next() first."),
      );
    }
    try {
      const result = this.#take();
      if (result !== null) return Promise.resolve(result);
    } catch (error) {
      return Promise.reject(error);
    }
    return (this.#waiting = Promise.withResolvers()).promise;
  }

  /** Reads no more. */
  return(): Promise<Result<Value>> {
    this.#end(undefined);
    return Promise.resolve(DONE);
  }

  /** Itself. */
  [Symbol.asyncIterator](): this {
    return this;
  }

  /** There is something new. */
  wake(): void {
    const waiting = this.#waiting;
    if (waiting === null) return;
    try {
      const result = this.#take();
      if (result === null) return;
      this.#waiting = null;
      waiting.resolve(result);
    } catch (error) {
      this.#waiting = null;
      waiting.reject(error);
    }
  }

  /** The signal has aborted. */
  handleEvent(): void {
    this.#end(reasonOf(this.#signal));
  }

  /** What comes next, an end included; `null`: nothing yet. */
  #take(): Result<Value> | null {
    const log = this.#log;
    if (this.#ending === null) {
      if (this.#next < log.first) {
        this.#end(log.tooOld(this.#next - 1));
      } else if (this.#next < log.next) {
        const number = this.#next++;
        return { done: false, value: { position: log.positionOf(number), value: log.at(number) } };
      } else if (log.closed) this.#end(undefined);
      else return null;
    }
    const { error } = this.#ending!;
    if (error === undefined) return DONE;
    throw error;
  }

  #end(error: unknown): void {
    if (this.#ending !== null) return;
    this.#ending = { error };
    leaveSignal(this.#signal, this);
    this.#readers.delete(this);
    this.wake();
  }
}

const DONE: IteratorReturnResult<undefined> = { done: true, value: undefined };
