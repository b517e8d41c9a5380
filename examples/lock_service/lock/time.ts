/**
 * The time all processes of the demo share.
 *
 * @module
 */

import { setTimeout as delay } from "node:timers/promises";

/** Time, as the lock service asks for it; tests put a virtual one in its place. */
export interface Time {
  /** Milliseconds, fractions included; never steps back within a process. */
  now(): number;
  /** Resolves after `delayMs`, or rejects with the signal's reason as soon as it aborts. */
  sleep(delayMs: number, signal?: AbortSignal): Promise<void>;
}

/**
 * Every process reads the wall clock once, when it starts, and counts on from
 * there with its monotonic clock. So leases never feel a step of the wall
 * clock, and the logs of processes on one machine can be laid side by side: to
 * within about a millisecond, if nobody sets the clock between the start of
 * the first process and that of the last. {@linkcode clockStepMs} tells.
 */
export class MachineTime implements Time {
  now(): number {
    return performance.timeOrigin + performance.now();
  }

  async sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    try {
      await delay(delayMs, undefined, signal === undefined ? {} : { signal });
    } catch (error) {
      throw signal?.reason ?? error;
    }
  }

  /** How far the wall clock has been set since this process started. */
  clockStepMs(): number {
    return Math.abs(Date.now() - this.now());
  }
}
