/**
 * Whether polling a socket is worth it.
 *
 * @module
 */

/** The weight of the latest spin against all earlier ones. */
const WEIGHT = 1 / 8;
/** The least share of successful spins that is worth it. */
const ENOUGH = 0.5;
const FIRST_REST_MS = 1;
const LONGEST_REST_MS = 1_000;

/**
 * Learns from how spins end. Spins go on while at least half of the recent ones
 * succeeded. After that there is a pause, which doubles from 1 ms up to 1 s,
 * and one spin that decides whether there are more.
 *
 * ```text
 *             six misses in a row, or the like
 *   spins  ------------------------------------>  rests  <--+
 *     ^                                             |       | a miss: rests twice as long
 *     |                 a hit                       v       |
 *     +------------------------------------------ tries ----+
 * ```
 */
export class SpinPolicy {
  /** The part of recent spins with success. */
  #rate = 1;
  #restMs = FIRST_REST_MS;
  #restUntilMs = -Infinity;

  /** Whether the next wait should be a spin. */
  maySpin(nowMs: number): boolean {
    return this.#rate >= ENOUGH || nowMs >= this.#restUntilMs;
  }

  /** A spin has succeeded. */
  onHit(): void {
    // After a pause, the first spin counts alone.
    if (this.#rate < ENOUGH) this.#rate = ENOUGH;
    this.#rate += (1 - this.#rate) * WEIGHT;
    this.#restMs = FIRST_REST_MS;
  }

  /** A spin ended without data. */
  onMiss(nowMs: number): void {
    this.#rate -= this.#rate * WEIGHT;
    if (this.#rate >= ENOUGH) return;
    this.#restUntilMs = nowMs + this.#restMs;
    this.#restMs = Math.min(this.#restMs * 2, LONGEST_REST_MS);
  }
}
