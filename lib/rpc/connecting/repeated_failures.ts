/**
 * What is logged of something that fails again and again.
 *
 * @module
 */

import type { Clock } from "../../runtime/clock.ts";
import { RepeatedLines } from "../../driver/repeated_lines.ts";
import { DOUBLE_ZERO } from "../../wire/double_zero.ts";

/** What a log line says about failures. */
export interface FailureSummary {
  /** For a failure: how many of its kind there were since the last line about it, this one included. For a success: how many failures came before it. */
  readonly count: number;
  /** How long it has been failing, in milliseconds. */
  readonly forMs: number;
}

/**
 * Decides which results of a repeated operation are logged: the first failure
 * of each kind, then summaries at growing intervals, then the recovery. A
 * success that is soon followed by a failure is not logged.
 */
export class RepeatedFailures {
  readonly #clock: Pick<Clock, "now">;
  readonly #lastingMs: number;
  readonly #lines = new RepeatedLines();
  #failures = 0;
  #sinceMs: number = DOUBLE_ZERO;
  #isLogged = false;
  #wellSinceMs = Infinity;

  /**
   * @param clock The source of time.
   * @param lastingMs How long success must last before the next failure counts as a new series, in milliseconds.
   */
  constructor(clock: Pick<Clock, "now">, lastingMs: number) {
    this.#clock = clock;
    this.#lastingMs = lastingMs;
  }

  /**
   * Counts a failure.
   *
   * @param kind One of a few kinds, such as an error's code.
   * @returns What to log; `null` if this failure is not logged.
   */
  onFailure(kind: string): FailureSummary | null {
    const nowMs = this.#clock.now();
    this.#endIfLasting(nowMs);
    this.#wellSinceMs = Infinity;
    if (this.#failures++ === 0) this.#sinceMs = nowMs;
    const count = this.#lines.note(kind, nowMs);
    if (count === 0) return null;
    this.#isLogged = true;
    return { count, forMs: nowMs - this.#sinceMs };
  }

  /**
   * Counts a success.
   *
   * @returns What to log, with a count of 0 if there was no failure; `null` if this success is not logged.
   */
  onSuccess(): FailureSummary | null {
    const nowMs = this.#clock.now();
    this.#endIfLasting(nowMs);
    this.#wellSinceMs = Math.min(this.#wellSinceMs, nowMs);
    const count = this.#failures;
    if (count > 0 && !this.#isLogged) return null;
    this.#isLogged = false;
    return { count, forMs: count === 0 ? 0 : nowMs - this.#sinceMs };
  }

  #endIfLasting(nowMs: number): void {
    if (nowMs - this.#wellSinceMs < this.#lastingMs) return;
    this.#failures = 0;
    this.#isLogged = false;
    this.#lines.end();
  }
}
