/**
 * How long handlers may run before the event loop gets a turn.
 *
 * @module
 */

import type { Clock } from "./clock.ts";

/** The most handlers that run between two looks at the clock. */
const MAX_STEP = 16;

/**
 * Bounds the time one reading turn spends in handlers. Reading the clock after
 * each of them would cost more than a quick handler does, so it is read after
 * as many as surely fit, judged by the ones before.
 */
export class TurnBudget {
  readonly #clock: Clock;
  readonly #budgetMs: number;
  #startMs = 0;
  #ran = 0;
  #nextLook = 1;

  /** @param budgetUs The time for a turn, in microseconds. */
  constructor(clock: Clock, budgetUs: number) {
    this.#clock = clock;
    this.#budgetMs = budgetUs / 1000;
  }

  /** A turn begins. */
  start(nowMs: number): void {
    this.#startMs = nowMs;
    this.#ran = 0;
    this.#nextLook = 1;
  }

  /** A handler has run: whether the turn has lasted long enough. */
  isOver(): boolean {
    if (++this.#ran < this.#nextLook) return false;
    const spentMs = this.#clock.now() - this.#startMs;
    if (spentMs >= this.#budgetMs) return true;
    const eachMs = spentMs / this.#ran;
    const fit = eachMs > 0 ? Math.floor((this.#budgetMs - spentMs) / eachMs / 2) : MAX_STEP;
    this.#nextLook = this.#ran + Math.max(1, Math.min(fit, MAX_STEP));
    return false;
  }
}
