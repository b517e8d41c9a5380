/**
 * How a call's time counts from the call, though the clock is read once a turn.
 *
 * @module
 */

/**
 * How much later a turn ended than it began; 0 until it has ended. The calls
 * made in the midst of the turn share one, and their deadlines are later by so
 * much: when in the turn each was made is not known, and none may end early.
 */
export class TurnLag {
  /** In milliseconds. */
  ms = 0;
}

/** Of calls whose time is known exactly. */
const NO_LAG: Readonly<TurnLag> = new TurnLag();

/**
 * When a call was made, and when its time runs out. The calls of one turn that
 * have the same time-out share one: to V8 each time of a call's own would be an
 * object of its own, and make a request 8 ns longer.
 */
export class CallTime {
  /** When the turn began in which it was made, on the session's clock. */
  readonly madeMs: number;
  /** How long it may take; `Infinity`: any time. */
  readonly timeoutMs: number;
  readonly #lag: Readonly<TurnLag>;

  /** @param lag What the turn took. Default: nothing, as the call was what began it. */
  constructor(madeMs: number, timeoutMs: number, lag: Readonly<TurnLag> = NO_LAG) {
    this.madeMs = madeMs;
    this.timeoutMs = timeoutMs;
    this.#lag = lag;
  }

  /** When its time runs out, on the session's clock; `Infinity`: never. */
  get deadlineMs(): number {
    return this.madeMs + this.timeoutMs + this.#lag.ms;
  }
}

/** Of calls that may take any time. */
export const UNLIMITED_TIME: CallTime = new CallTime(0, Infinity);
