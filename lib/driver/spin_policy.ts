/**
 * Whether polling a socket is worth it.
 *
 * @module
 */

/** How much one spin counts beside all before it. */
const WEIGHT = 1 / 8;
/** Less than this part of spins with success does not pay. */
const ENOUGH = 0.5;
const FIRST_REST_MS = 1;
const LONGEST_REST_MS = 1_000;

/**
 * Learns from how spins end. While at least half of the recent ones caught
 * what they waited for, the next is made; then there is a rest, from 1 ms on
 * doubled up to 1 s, and one spin that decides whether there is another.
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

  /** Whether the next wait is to be a spin. */
  maySpin(nowMs: number): boolean {
    return this.#rate >= ENOUGH || nowMs >= this.#restUntilMs;
  }

  /** A spin has caught what it waited for. */
  onHit(): void {
    // Of spins after a rest the first one counts alone.
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
