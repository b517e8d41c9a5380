/**
 * The time all processes of the demo share.
 *
 * @module
 */

import { setTimeout as delay } from "node:timers/promises";

/** Time, as the nodes ask for it; tests put a virtual one in its place. */
export interface Time {
  /** Milliseconds, fractions included; never steps back within a process. */
  now(): number;
  /** Resolves after `delayMs`. */
  sleep(delayMs: number): Promise<void>;
}

/** For so long the wall clock is looked at: it shows whole milliseconds, and one must begin meanwhile. */
const LOOK_MS = 3;

/**
 * Every process looks at the wall clock when it starts, and counts on from there
 * with its monotonic clock. So nothing feels a step of the wall clock, and the
 * logs of processes on one machine can be laid side by side.
 *
 * `performance.timeOrigin` is no such start: a runtime reads two clocks for it,
 * one after the other, and on a busy machine others run for milliseconds in
 * between. Here the wall clock is read many times, each between two readings of
 * the monotonic one, so that a reading which was held up says little, and the others say all.
 */
export class MachineTime implements Time {
  readonly #originMs = wallOriginMs();

  now(): number {
    return this.#originMs + performance.now();
  }

  sleep(delayMs: number): Promise<void> {
    return delay(delayMs);
  }

  /** How far the wall clock has been set since this process started. */
  clockStepMs(): number {
    return Math.abs(wallOriginMs() - this.#originMs);
  }
}

/** What the wall clock showed when the monotonic one was at 0. */
function wallOriginMs(): number {
  let least = -Infinity, most = Infinity;
  const endMs = performance.now() + LOOK_MS;
  for (let beforeMs = performance.now(); beforeMs < endMs;) {
    const wallMs = Date.now(), afterMs = performance.now();
    // It is between this millisecond's begin and its end.
    least = Math.max(least, wallMs - afterMs);
    most = Math.min(most, wallMs + 1 - beforeMs);
    beforeMs = afterMs;
  }
  return (least + most) / 2;
}
