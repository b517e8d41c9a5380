/**
 * How long calls took, in a few hundred counters.
 *
 * @module
 */

const STEPS_PER_DOUBLING = 8;
const BUCKETS = 32 * STEPS_PER_DOUBLING;

/** Counts durations in steps of a twelfth part, from 1 µs to an hour. */
export class Histogram {
  readonly #counts = new Uint32Array(BUCKETS);
  #total = 0;

  /** How many durations were counted. */
  get total(): number {
    return this.#total;
  }

  /** Counts a duration. */
  add(durationUs: number): void {
    const step = Math.round(Math.log2(Math.max(1, durationUs)) * STEPS_PER_DOUBLING);
    this.#counts[Math.min(BUCKETS - 1, step)]!++;
    this.#total++;
  }

  /** The duration, in µs, that a part `share` of all (0 to 1) does not exceed; 0 if there are none. */
  quantile(share: number): number {
    let left = Math.ceil(share * this.#total);
    for (let step = 0; step < BUCKETS && this.#total > 0; step++) {
      left -= this.#counts[step]!;
      if (left <= 0) return Math.round(2 ** (step / STEPS_PER_DOUBLING));
    }
    return 0;
  }

  /** Takes out what was counted so far, as pairs of step and count. */
  drain(): [step: number, count: number][] {
    const pairs: [number, number][] = [];
    this.#counts.forEach((count, step) => {
      if (count > 0) pairs.push([step, count]);
    });
    this.#counts.fill(0);
    this.#total = 0;
    return pairs;
  }

  /** Adds what another histogram has drained. */
  merge(pairs: Iterable<readonly [step: number, count: number]>): void {
    for (const [step, count] of pairs) {
      this.#counts[step]! += count;
      this.#total += count;
    }
  }
}
