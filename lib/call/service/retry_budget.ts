/**
 * How many retries a client may make.
 *
 * @module
 */

import { notNegative, positive } from "../../foreign/option_checks.ts";
import { DOUBLE_ZERO } from "../../wire/double_zero.ts";

const SLOTS = 10;

/** How many retries a client may make besides its calls. */
export interface RetryBudgetOptions {
  /** Retries for each call of the last `windowMs`, at least 0. Default: 0.2, a fifth. */
  readonly ratio?: number | undefined;
  /** Retries per second that are always allowed, at least 0. Default: 10. */
  readonly minPerSecond?: number | undefined;
  /** How long calls and retries count, in milliseconds. Default: 10,000. */
  readonly windowMs?: number | undefined;
}

/**
 * Keeps the retries of one client in proportion to its calls, so that retries
 * do not make an outage worse. The idea and the figures are those of Finagle's
 * `RetryBudget`.
 *
 * The retries of the last 10 s may be a fifth of the calls of the last 10 s
 * plus 100 (10 for each second):
 *
 * - At low rates, up to 50 calls a second, the 100 are the larger part: every
 *   call may be retried as long as there are fewer than 10 retries a second on
 *   average. They need not come evenly: 100 may come at once, after which
 *   there are none until the window has moved on.
 * - At high rates the fifth is: with 10,000 calls a second that all fail, the
 *   replicas see 12,010 attempts a second on average instead of the 40,000
 *   that four attempts each would make. When calls stop, what they earned is
 *   gone 10 s later.
 *
 * The past is kept as ten sums of a tenth of the window each, so a call counts
 * for nine to ten tenths of it; memory does not depend on rates. Times are
 * monotonic milliseconds; they may be late by a little, and one that is
 * earlier than another before counts as that.
 */
export class RetryBudget {
  readonly #ratio: number;
  readonly #reserve: number;
  readonly #slotMs: number;
  readonly #calls = new Float64Array(SLOTS);
  readonly #retries = new Float64Array(SLOTS);
  #slot = 0;
  #slotEndMs = -Infinity;
  /** The calls of the current slot. */
  #newCalls = 0;
  /** The calls of the other slots. */
  #pastCalls: number = DOUBLE_ZERO;
  /** The retries of all slots. */
  #allRetries: number = DOUBLE_ZERO;

  /**
   * Starts without calls.
   *
   * @throws {InternodeError} `InvalidArgument`, naming the option.
   */
  constructor(options: RetryBudgetOptions = {}) {
    const { ratio = 0.2, minPerSecond = 10, windowMs = 10_000 } = options;
    notNegative("retryBudget.ratio", ratio, 0);
    notNegative("retryBudget.minPerSecond", minPerSecond, 0);
    positive("retryBudget.windowMs", notNegative("retryBudget.windowMs", windowMs, 0), 0);
    this.#ratio = ratio;
    this.#reserve = minPerSecond * windowMs / 1_000;
    this.#slotMs = windowMs / SLOTS;
  }

  /** Counts a call; its further attempts do not count. */
  onCall(nowMs: number): void {
    if (nowMs >= this.#slotEndMs) this.#turn(nowMs);
    this.#newCalls++;
  }

  /** Whether there may be a retry now; if so, it is counted. */
  tryRetry(nowMs: number): boolean {
    if (nowMs >= this.#slotEndMs) this.#turn(nowMs);
    const allowed = this.#ratio * (this.#pastCalls + this.#newCalls) + this.#reserve;
    if (this.#allRetries + 1 > allowed) return false;
    this.#allRetries++;
    this.#retries[this.#slot]!++;
    return true;
  }

  /** Moves on to the current slot, and drops old ones. */
  #turn(nowMs: number): void {
    this.#calls[this.#slot] = this.#newCalls;
    this.#pastCalls += this.#newCalls;
    this.#newCalls = 0;
    const slots = Math.floor((nowMs - this.#slotEndMs) / this.#slotMs) + 1;
    for (let count = Math.min(slots, SLOTS); count > 0; count--) {
      this.#slot = (this.#slot + 1) % SLOTS;
      this.#pastCalls -= this.#calls[this.#slot]!;
      this.#allRetries -= this.#retries[this.#slot]!;
      this.#calls[this.#slot] = this.#retries[this.#slot] = 0;
    }
    this.#slotEndMs = slots > SLOTS ? nowMs + this.#slotMs : this.#slotEndMs + slots * this.#slotMs;
  }
}
