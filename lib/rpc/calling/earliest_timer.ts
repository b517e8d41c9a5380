/**
 * One timer for many deadlines.
 *
 * @module
 */

import type { Clock, Timer } from "../../runtime/clock.ts";

/** Calls back at the earliest of the given deadlines. The callback must add the remaining deadlines again. */
export class EarliestTimer {
  readonly #clock: Clock;
  readonly #onDue: () => void;
  #timer: Timer | null = null;
  #atMs = Infinity;

  constructor(clock: Clock, onDue: () => void) {
    this.#clock = clock;
    this.#onDue = onDue;
  }

  /** Adds a deadline; `Infinity` for none. */
  add(atMs: number): void {
    if (atMs >= this.#atMs) return;
    this.clear();
    this.#atMs = atMs;
    this.#timer = this.#clock.setTimer(Math.max(0, atMs - this.#clock.now()), () => {
      this.#timer = null;
      this.#atMs = Infinity;
      this.#onDue();
    });
  }

  /** Removes all deadlines. */
  clear(): void {
    if (this.#timer !== null) this.#clock.clearTimer(this.#timer);
    this.#timer = null;
    this.#atMs = Infinity;
  }
}
