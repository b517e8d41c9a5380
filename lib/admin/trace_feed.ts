/**
 * Calls that have ended, for one reader far away.
 *
 * @module
 */

import type { Inspection } from "../rpc/inspection/inspection.ts";
import type { CallTrace } from "../rpc/tracing/call_trace.ts";
import { isAskedFor } from "./asked_handler.ts";
import type { TraceBatch, TracedCall, TraceRequest } from "./calls_contract.ts";

/** How many calls wait for the reader; of more, the newest are lost. */
const MAX_WAITING = 1_024;
/** How many calls a batch has. */
const MAX_BATCH = 128;

/**
 * Keeps the calls that a reader asks for until it takes them. A reader that is
 * slow loses the newest ones, and learns how many.
 */
export class TraceFeed implements AsyncIterableIterator<TraceBatch> {
  readonly #face: Inspection;
  readonly #wanted: TraceRequest;
  readonly #onEnd: (feed: TraceFeed) => void;
  readonly #unsubscribe: () => void;
  #waiting: TracedCall[] = [];
  #lost = 0;
  #reader: ((result: IteratorResult<TraceBatch>) => void) | null = null;
  #isOver = false;

  /**
   * @param face What is traced.
   * @param wanted Which calls.
   * @param onEnd Is called once, when it is over.
   */
  constructor(face: Inspection, wanted: TraceRequest, onEnd: (feed: TraceFeed) => void) {
    this.#face = face;
    this.#wanted = wanted;
    this.#onEnd = onEnd;
    this.#unsubscribe = face.trace((call) => this.#add(call));
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** The next calls; waits for one. */
  next(): Promise<IteratorResult<TraceBatch>> {
    if (this.#waiting.length > 0 || this.#lost > 0) return Promise.resolve(this.#take());
    if (this.#isOver) return Promise.resolve(DONE);
    return new Promise((resolve) => this.#reader = resolve);
  }

  /** The reader has left. */
  return(): Promise<IteratorResult<TraceBatch>> {
    this.#waiting = [];
    this.#lost = 0;
    this.end();
    return Promise.resolve(DONE);
  }

  /** Nothing more comes; what waits may still be read. Any number of calls. */
  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#unsubscribe();
    this.#onEnd(this);
    this.#reader?.(DONE);
    this.#reader = null;
  }

  #add(call: CallTrace): void {
    if (!isWanted(call, this.#wanted)) return;
    if (this.#waiting.length >= MAX_WAITING) {
      this.#lost++;
      return;
    }
    this.#waiting.push({ timeMs: this.#face.clock.wallNow(), ...call });
    const reader = this.#reader;
    this.#reader = null;
    reader?.(this.#take());
  }

  #take(): IteratorResult<TraceBatch> {
    const calls = this.#waiting.splice(0, MAX_BATCH), lost = this.#lost;
    this.#lost = 0;
    return { done: false, value: { calls, lost } };
  }
}

const DONE: IteratorReturnResult<undefined> = { done: true, value: undefined };

function isWanted(call: CallTrace, wanted: TraceRequest): boolean {
  const { handler, errorsOnly, slowerThanMs = 0, direction, host } = wanted;
  return isAskedFor(call.handler, handler) &&
    (errorsOnly !== true || call.error !== null) &&
    call.durationMs >= slowerThanMs &&
    (direction === undefined || call.direction === direction) &&
    (host === undefined || call.host === host);
}
