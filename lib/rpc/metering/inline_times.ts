/**
 * How long handlers take that answer in the turn in which they were called.
 *
 * @module
 */

import type { Clock } from "../../runtime/clock.ts";
import type { CallFigures } from "./call_figures.ts";
import { DOUBLE_ZERO } from "../../wire/double_zero.ts";

/** So many calls of a turn are timed one by one. */
const EXACT = 8;
/** Of more, so many share one reading of the clock, while they are quick. */
const MAX_SHARED = 32;
/** A call that takes longer is worth a reading of its own, in milliseconds. */
const QUICK_MS = 0.02;

/**
 * Reading the clock costs as much as a fifth of a small request. So where many
 * are answered in one turn, several that follow each other share a reading:
 * the time since the last one is divided among them. Sums are exact, and slow
 * handlers are timed one by one.
 */
export class InlineTimes {
  readonly #clock: Clock;
  /** Calls of one handler that follow each other are one run of several. */
  readonly #runs: CallFigures[] = [];
  readonly #lengths = new Uint8Array(MAX_SHARED);
  #last = -1;
  #count = 0;
  #turnMs = NaN;
  #seen = 0;
  #lookedMs: number = DOUBLE_ZERO;
  #share = 1;
  #isPending = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * A handler has answered.
   *
   * @param figures Where it counts.
   * @param turnMs When the turn began.
   */
  add(figures: CallFigures, turnMs: number): void {
    if (turnMs !== this.#turnMs) this.#begin(turnMs);
    if (this.#count > 0 && this.#runs[this.#last] === figures) this.#lengths[this.#last]!++;
    else this.#begins(figures);
    if (++this.#count >= this.#share) this.#look();
    else if (!this.#isPending) this.#settleLater();
  }

  /**
   * How long a call took that has failed, in milliseconds. It has a reading of its own.
   *
   * @param turnMs When the turn began.
   */
  take(turnMs: number): number {
    if (turnMs !== this.#turnMs) this.#begin(turnMs);
    if (this.#count > 0) return this.#look();
    const nowMs = this.#clock.now(), tookMs = nowMs - this.#lookedMs;
    this.#lookedMs = nowMs;
    return tookMs;
  }

  #begin(turnMs: number): void {
    if (this.#count > 0) this.#look();
    this.#turnMs = this.#lookedMs = turnMs;
    this.#seen = 0;
    this.#share = 1;
  }

  #begins(figures: CallFigures): void {
    this.#runs[++this.#last] = figures;
    this.#lengths[this.#last] = 1;
  }

  #look(): number {
    const nowMs = this.#clock.now(), count = this.#count;
    const eachMs = Math.max(0, nowMs - this.#lookedMs) / count;
    for (let at = 0; at <= this.#last; at++) {
      this.#runs[at]!.succeedAll(this.#lengths[at]!, eachMs);
    }
    this.#last = -1;
    this.#count = 0;
    this.#lookedMs = nowMs;
    this.#seen += count;
    if (this.#seen < EXACT || eachMs > QUICK_MS) this.#share = 1;
    else if (this.#share < MAX_SHARED) this.#share *= 2;
    return eachMs;
  }

  /** The last calls of a turn are not to wait for the next one. */
  #settleLater(): void {
    this.#isPending = true;
    queueMicrotask(this.#settle);
  }

  readonly #settle = (): void => {
    this.#isPending = false;
    if (this.#count > 0) this.#look();
  };
}
