/**
 * How many calls may wait so that none waits for too long.
 *
 * @module
 */

import { DOUBLE_ZERO } from "../../wire/double_zero.ts";

/** How long the pace is measured before it counts, in milliseconds, and how much of it then does. */
const PACE_MS = 10, NEWEST_PACE = 0.3;
/** With fewer begins, a pause of the process would look like a slow handler. After so many milliseconds it is one. */
const FEWEST_BEGINS = 16, LONG_MS = 1_000;
/** While calls wait all the time, they may wait for this part of the time that a burst may. */
const STANDING_PART = 0.25;

/**
 * Bounds a queue by time: at the pace at which calls begin, those that wait have
 * begun within the time allowed.
 *
 * A burst may take all of that time, as the queue is empty afterwards. But a
 * queue in which calls wait for longer than that without a break is no burst:
 * more calls come than can be served. It makes each call late and serves none
 * more, so it may be a quarter as long then, which is still enough to keep the
 * handler busy.
 */
export class WaitBound {
  /** How long a call may wait, in milliseconds. */
  readonly maxWaitMs: number;
  /** How long it takes from one call's begin to the next one's; `NaN` until it is known. */
  #paceMs = NaN;
  /** Since when the queue was never empty; `NaN` while it is. */
  #sinceMs = NaN;
  #measuredMs: number = DOUBLE_ZERO;
  #begun = 0;

  constructor(maxWaitMs: number) {
    this.maxWaitMs = maxWaitMs;
  }

  /** How many calls may wait, as far as time matters. */
  most(nowMs: number): number {
    if (Number.isNaN(this.#paceMs)) return Infinity;
    const isStanding = nowMs - this.#sinceMs > this.maxWaitMs;
    const allowedMs = isStanding ? this.maxWaitMs * STANDING_PART : this.maxWaitMs;
    return Math.max(1, Math.floor(allowedMs / this.#paceMs));
  }

  /** A call waits. */
  onWait(nowMs: number): void {
    if (!Number.isNaN(this.#sinceMs)) return;
    this.#sinceMs = this.#measuredMs = nowMs;
    this.#begun = 0;
  }

  /** A call that has waited begins. */
  onBegin(nowMs: number): void {
    this.#begun++;
    const forMs = nowMs - this.#measuredMs;
    if (forMs < (this.#begun < FEWEST_BEGINS ? LONG_MS : PACE_MS)) return;
    const paceMs = forMs / this.#begun, known = this.#paceMs;
    this.#paceMs = Number.isNaN(known) ? paceMs : known + NEWEST_PACE * (paceMs - known);
    this.#measuredMs = nowMs;
    this.#begun = 0;
  }

  /** No call waits any more. */
  onEmpty(): void {
    this.#sinceMs = NaN;
  }
}
