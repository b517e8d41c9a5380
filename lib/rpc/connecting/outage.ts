/**
 * What goes on failing.
 *
 * @module
 */

import type { Clock } from "../../runtime/clock.ts";
import { RepeatedLines } from "../../driver/repeated_lines.ts";

/** What there is to tell. */
export interface OutageSum {
  /** Of a failure: how many of its kind there were since it was told last, this one included. Of a success: how many failures there were before. */
  readonly count: number;
  /** For how long it has been failing, in milliseconds. */
  readonly forMs: number;
}

/**
 * Tells what is news of something that is tried again and again: the first
 * failure of each kind, then sums that come less and less often, then that all is well again. What
 * succeeds and soon fails again is no news.
 */
export class Outage {
  readonly #clock: Pick<Clock, "now">;
  readonly #lastingMs: number;
  readonly #lines = new RepeatedLines();
  #failures = 0;
  #sinceMs = 0;
  #isTold = false;
  #wellSinceMs = Infinity;

  /**
   * @param clock Where time comes from.
   * @param lastingMs For how long all must be well before the next failure is one of its own, in milliseconds.
   */
  constructor(clock: Pick<Clock, "now">, lastingMs: number) {
    this.#clock = clock;
    this.#lastingMs = lastingMs;
  }

  /**
   * It has failed.
   *
   * @param kind Of a few that there are, such as an error's code.
   * @returns What to tell; `null`: this is no news.
   */
  onFailure(kind: string): OutageSum | null {
    const nowMs = this.#clock.now();
    this.#endIfLasting(nowMs);
    this.#wellSinceMs = Infinity;
    if (this.#failures++ === 0) this.#sinceMs = nowMs;
    const count = this.#lines.note(kind, nowMs);
    if (count === 0) return null;
    this.#isTold = true;
    return { count, forMs: nowMs - this.#sinceMs };
  }

  /**
   * It has succeeded.
   *
   * @returns What to tell, with a count of 0 if there was no failure; `null`: this is no news.
   */
  onSuccess(): OutageSum | null {
    const nowMs = this.#clock.now();
    this.#endIfLasting(nowMs);
    this.#wellSinceMs = Math.min(this.#wellSinceMs, nowMs);
    const count = this.#failures;
    if (count > 0 && !this.#isTold) return null;
    this.#isTold = false;
    return { count, forMs: count === 0 ? 0 : nowMs - this.#sinceMs };
  }

  #endIfLasting(nowMs: number): void {
    if (nowMs - this.#wellSinceMs < this.#lastingMs) return;
    this.#failures = 0;
    this.#isTold = false;
    this.#lines.end();
  }
}
