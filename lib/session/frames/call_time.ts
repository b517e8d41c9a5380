/**
 * How a call's time counts from the call, although the clock is read once per
 * turn.
 *
 * @module
 */

import { DOUBLE_ZERO } from "../../wire/double_zero.ts";

/**
 * How long a turn took; 0 until it has ended. The calls made during the turn
 * share one, and their deadlines are later by this much: it is unknown when in
 * the turn each call was made, and none may end early.
 */
export class TurnLag {
  /** In milliseconds. */
  ms: number = DOUBLE_ZERO;
}

/** The lag of calls whose time is known exactly. */
const NO_LAG: Readonly<TurnLag> = new TurnLag();

/**
 * When a call was made, and when its time runs out. The calls of one turn that
 * have the same time-out share one: one object for each call would make a
 * request 8 ns slower.
 */
export class CallTime {
  /** When the turn in which it was made began, on the session's clock. */
  readonly madeMs: number;
  /** How long it may take; `Infinity` for no limit. */
  readonly timeoutMs: number;
  readonly #lag: Readonly<TurnLag>;

  /** @param lag How long the turn took. Default: 0, for a call that began the turn. */
  constructor(madeMs: number, timeoutMs: number, lag: Readonly<TurnLag> = NO_LAG) {
    this.madeMs = madeMs;
    this.timeoutMs = timeoutMs;
    this.#lag = lag;
  }

  /** The same without a deadline, for a call that has ended on this side. */
  unlimited(): CallTime {
    return new CallTime(this.madeMs, Infinity);
  }

  /** Its deadline, on the session's clock; `Infinity` if there is none. */
  get deadlineMs(): number {
    return this.madeMs + this.timeoutMs + this.#lag.ms;
  }
}

/** The time of calls without a deadline. */
export const UNLIMITED_TIME: CallTime = new CallTime(DOUBLE_ZERO, Infinity);
