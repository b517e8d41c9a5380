/**
 * What is counted of the calls of one handler with one host.
 *
 * @module
 */

import type { CallMeter, MeteredCalls, MeteredOutcome } from "../contract/meter.ts";

/** The bound of the first bucket, in milliseconds; that of each further one is twice that of the one before it. */
const FIRST_BOUND_MS = 0.128;
const PER_MS = 1 / FIRST_BOUND_MS;
/** How many buckets have a bound; one more has all that took longer. */
const BOUNDS = 20;
/** What takes longer belongs to no bucket with a bound. */
const LAST_BOUND_MS = FIRST_BOUND_MS * 2 ** (BOUNDS - 1);
/** Where the sum of all times is, behind the buckets. */
const SUM = BOUNDS + 1;

/** The upper bounds of the buckets, in milliseconds, each still within: 0.128, 0.256 and so on to 67,108.864. */
export const BUCKET_BOUNDS_MS: readonly number[] = Array.from(
  { length: BOUNDS },
  (_, at) => FIRST_BOUND_MS * 2 ** at,
);

/** Counts calls by how long they took, and those that failed by their codes. One addition for each call, and no memory. */
export class CallFigures {
  /** Which calls they are. */
  readonly calls: MeteredCalls;
  /** The calls in each bucket, and behind them the sum of their times. */
  readonly #counts = new Float64Array(SUM + 1);
  readonly #failed = new Map<Exclude<MeteredOutcome, null>, number>();
  /** The user's; `null` if there is none. */
  readonly #meter: CallMeter | null;

  constructor(calls: MeteredCalls, meter: CallMeter | null) {
    this.calls = calls;
    this.#meter = meter;
  }

  /** A call went well, after so many milliseconds. */
  succeed(durationMs: number): void {
    const counts = this.#counts;
    counts[bucketOf(durationMs)]!++;
    counts[SUM]! += durationMs;
    if (this.#meter !== null) this.#meter.record(durationMs, null);
  }

  /** So many calls went well, each after so many milliseconds. */
  succeedAll(count: number, durationMs: number): void {
    const counts = this.#counts;
    counts[bucketOf(durationMs)]! += count;
    counts[SUM]! += count * durationMs;
    if (this.#meter === null) return;
    for (let left = count; left > 0; left--) this.#meter.record(durationMs, null);
  }

  /** A call has failed, after so many milliseconds. */
  fail(outcome: Exclude<MeteredOutcome, null>, durationMs: number): void {
    const counts = this.#counts;
    counts[bucketOf(durationMs)]!++;
    counts[SUM]! += durationMs;
    this.#failed.set(outcome, (this.#failed.get(outcome) ?? 0) + 1);
    if (this.#meter !== null) this.#meter.record(durationMs, outcome);
  }

  /** How many calls are in each bucket; one more than there are bounds. */
  get buckets(): readonly number[] {
    return [...this.#counts.subarray(0, SUM)];
  }

  /** How many calls have ended. */
  get total(): number {
    return this.buckets.reduce((sum, count) => sum + count, 0);
  }

  /** How long all calls took together, in milliseconds. */
  get totalMs(): number {
    return this.#counts[SUM]!;
  }

  /** How many calls failed, by their codes. */
  get failed(): ReadonlyMap<Exclude<MeteredOutcome, null>, number> {
    return this.#failed;
  }
}

function bucketOf(durationMs: number): number {
  if (durationMs <= FIRST_BOUND_MS) return 0;
  if (durationMs > LAST_BOUND_MS) return BOUNDS;
  return 32 - Math.clz32(Math.ceil(durationMs * PER_MS) - 1);
}
