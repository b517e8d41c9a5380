/**
 * Detects replicas that keep failing.
 *
 * @module
 */

import { shown } from "../../foreign/text_of.ts";
import { invalidOption, positive, wholeNumber } from "../../foreign/option_checks.ts";

/** When a replica is set aside, and for how long. */
export interface OutlierOptions {
  /** How many failures in a row set a replica aside, a whole number of at least 1; `Infinity` for never. Default: 5. */
  readonly maxFailures?: number | undefined;
  /** How long the first time, in milliseconds; the n-th time in a short period n times as long. Default: 1,000. */
  readonly setAsideMs?: number | undefined;
  /** The longest time a replica is set aside, in milliseconds. Default: 30,000. */
  readonly maxSetAsideMs?: number | undefined;
}

/**
 * Sets replicas aside that keep failing while they are connected, so that
 * calls go to the others. After Envoy's outlier detection (consecutive
 * failures, times that grow) and gRPC's, gRFC A50 (a limit on how many).
 *
 * ```text
 *              5 failures in a row, and the limit allows it
 *   in use  ────────────────────────────────────────────────▶  set aside
 *     ▲  ▲                                                       │  ▲
 *     │  └───────────── too few others are left ─────────────────┤  │ 1 failure
 *     │ 1 success                                    its time is │  │
 *     └────────────────────── on probation ◀──────── over ───────┘  │
 *                                   └───────────────────────────────┘
 * ```
 *
 * - At most half of the members are set aside, so never the last one. A member
 *   that may not be set aside stays in use; each further failure checks again.
 * - The n-th time lasts n × 1 s, up to 30 s. n falls by one for each 30 s in
 *   use since the last time.
 * - A member that returns is in use like any other, but its first failure sets
 *   it aside again. It is not held to a single trial call: which call that is
 *   would be random, and its share of the load would be missing until the
 *   answer. The calls until the first failure meet a replica that still fails;
 *   those that may be retried are.
 * - A success, even of a call made long before, ends the run of failures and
 *   the probation. Failures while it is set aside change nothing.
 *
 * Members are the replicas that can take calls: connected ones. A replica's
 * {@linkcode ReplicaHealth} outlives its connections. All times are monotonic
 * milliseconds.
 */
export class OutlierDetector {
  /** See {@linkcode OutlierOptions}. */
  readonly maxFailures: number;
  /** See {@linkcode OutlierOptions}. */
  readonly setAsideMs: number;
  /** See {@linkcode OutlierOptions}. */
  readonly maxSetAsideMs: number;
  readonly #members = new Set<ReplicaHealth>();

  /**
   * Starts without members.
   *
   * @throws {InternodeError} `InvalidArgument`, naming the option.
   */
  constructor(options: OutlierOptions = {}) {
    const { maxFailures = 5, setAsideMs = 1_000, maxSetAsideMs = 30_000 } = options;
    if (maxFailures !== Infinity) wholeNumber("outliers.maxFailures", maxFailures, 1);
    positive("outliers.setAsideMs", setAsideMs, Infinity);
    if (
      typeof maxSetAsideMs !== "number" ||
      !(maxSetAsideMs >= setAsideMs && maxSetAsideMs < Infinity)
    ) {
      throw invalidOption(
        "outliers.maxSetAsideMs",
        `(${shown(maxSetAsideMs)}) must be finite and at least setAsideMs (${setAsideMs})`,
      );
    }
    this.maxFailures = maxFailures;
    this.setAsideMs = setAsideMs;
    this.maxSetAsideMs = maxSetAsideMs;
  }

  /** Adds a replica that can take calls, if it is not a member. It or others may return. */
  join(health: ReplicaHealth, nowMs: number): void {
    this.#members.add(health);
    this.#keepLimit(nowMs);
  }

  /** Removes a replica that cannot take calls, if it is a member. Others may return. */
  leave(health: ReplicaHealth, nowMs: number): void {
    if (this.#members.delete(health)) this.#keepLimit(nowMs);
  }

  /** Whether one more may be set aside: this one, member or not. */
  hasRoomFor(health: ReplicaHealth, nowMs: number): boolean {
    const size = this.#members.size + (this.#members.has(health) ? 0 : 1);
    return 2 * (this.#countSetAside(nowMs) + 1) <= size;
  }

  /** When the next member returns; `Infinity` if none is set aside. */
  nextReturnMs(nowMs: number): number {
    let nextMs = Infinity;
    for (const { returnsMs } of this.#members) {
      if (returnsMs > nowMs && returnsMs < nextMs) nextMs = returnsMs;
    }
    return nextMs;
  }

  #keepLimit(nowMs: number): void {
    let surplus = this.#countSetAside(nowMs) - Math.floor(this.#members.size / 2);
    for (; surplus > 0; surplus--) {
      const nextMs = this.nextReturnMs(nowMs);
      for (const health of this.#members) {
        if (health.returnsMs !== nextMs) continue;
        health.returnNow(nowMs);
        break;
      }
    }
  }

  #countSetAside(nowMs: number): number {
    let count = 0;
    for (const health of this.#members) if (health.isSetAside(nowMs)) count++;
    return count;
  }
}

/** The health of one replica, over all its connections. A new one is in use. */
export class ReplicaHealth {
  readonly #detector: OutlierDetector;
  #failures = 0;
  #times = 0;
  #returnsMs = -Infinity;

  constructor(detector: OutlierDetector) {
    this.#detector = detector;
  }

  /** When it returned or will return to use; `-Infinity` if it was never set aside. */
  get returnsMs(): number {
    return this.#returnsMs;
  }

  /** Whether calls should go to others. */
  isSetAside(nowMs: number): boolean {
    return nowMs < this.#returnsMs;
  }

  /** A call was answered. */
  onSuccess(): void {
    if (this.#failures !== 0) this.#failures = 0;
  }

  /**
   * A call failed without an answer, or the connection was lost.
   *
   * @returns Whether this has set the replica aside.
   */
  onFailure(nowMs: number): boolean {
    if (this.isSetAside(nowMs)) return false;
    const { maxFailures, setAsideMs, maxSetAsideMs } = this.#detector;
    if (++this.#failures < maxFailures || !this.#detector.hasRoomFor(this, nowMs)) return false;
    const forgiven = Math.floor((nowMs - this.#returnsMs) / maxSetAsideMs);
    this.#times = Math.max(0, this.#times - forgiven) + 1;
    this.#returnsMs = nowMs + Math.min(setAsideMs * this.#times, maxSetAsideMs);
    // One more failure is enough after its return.
    this.#failures = maxFailures - 1;
    return true;
  }

  /** Ends the time set aside before it is over: too few others are left. */
  returnNow(nowMs: number): void {
    this.#returnsMs = nowMs;
  }
}
