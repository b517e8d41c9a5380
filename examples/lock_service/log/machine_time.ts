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

/** The wall clock is looked at until it is known so well, in milliseconds, and so often at most. */
const NARROW_MS = 0.1, MAX_READINGS = 200_000;

/** Where a process reads its time. */
export interface MachineClocks {
  /** Milliseconds, fractions included, that never step back. */
  monotonicMs(): number;
  /** Whole milliseconds since 1970. */
  wallMs(): number;
}

const CLOCKS: MachineClocks = { monotonicMs: () => performance.now(), wallMs: () => Date.now() };

/**
 * Every process looks at the wall clock when it starts, and counts on from there
 * with its monotonic clock. So nothing feels a step of the wall clock, and the
 * logs of processes on one machine can be laid side by side.
 *
 * `performance.timeOrigin` is no such start: a runtime reads two clocks for it,
 * one after the other, and on a busy machine others may run for milliseconds in
 * between. Here the wall clock is read many times, each between two readings of
 * the monotonic one, so that a reading which was held up says little, and the others say all.
 */
export class MachineTime implements Time {
  readonly #clocks: MachineClocks;
  readonly #originMs: number;

  /** @param clocks Where it reads its time. Default: the machine's. */
  constructor(clocks: MachineClocks = CLOCKS) {
    this.#clocks = clocks;
    this.#originMs = wallOriginMs(clocks);
  }

  now(): number {
    return this.#originMs + this.#clocks.monotonicMs();
  }

  sleep(delayMs: number): Promise<void> {
    return delay(delayMs);
  }

  /** How far the wall clock has been set since this process started. */
  clockStepMs(): number {
    return Math.abs(wallOriginMs(this.#clocks) - this.#originMs);
  }
}

/** What the wall clock showed when the monotonic one was at 0. */
function wallOriginMs({ monotonicMs, wallMs }: MachineClocks): number {
  let least = -Infinity, most = Infinity, beforeMs = monotonicMs();
  for (let readings = 0; readings < MAX_READINGS && most - least > NARROW_MS; readings++) {
    const wall = wallMs(), afterMs = monotonicMs();
    // It is between this millisecond's begin and its end.
    least = Math.max(least, wall - afterMs);
    most = Math.min(most, wall + 1 - beforeMs);
    beforeMs = afterMs;
  }
  return (least + most) / 2;
}
