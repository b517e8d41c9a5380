/**
 * One reading of the clock for all that happens at the same time.
 *
 * @module
 */

import type { Clock } from "../../runtime/clock.ts";

/**
 * Reads a clock once for all answers that are taken one after the other, without
 * anything else between them: a reading costs as much as taking an answer.
 */
export class TurnTime {
  readonly #clock: Clock;
  #nowMs = 0;
  #isFresh = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The time, in milliseconds. */
  now(): number {
    if (!this.#isFresh) {
      this.#nowMs = this.#clock.now();
      this.#isFresh = true;
      // Behind those that wait for their turn already.
      queueMicrotask(this.#expire);
    }
    return this.#nowMs;
  }

  readonly #expire = (): void => {
    this.#isFresh = false;
  };
}

const times = new WeakMap<Clock, TurnTime>();

/** The time of a clock. */
export function turnTimeOf(clock: Clock): TurnTime {
  let time = times.get(clock);
  if (time === undefined) times.set(clock, time = new TurnTime(clock));
  return time;
}
