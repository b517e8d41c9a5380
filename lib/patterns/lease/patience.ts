/**
 * How long those who have been refused wait for more answers.
 *
 * @module
 */

/** At least so much of a lease's time. */
const LEAST_SHARE = 0.03;
/** At least so many times as long as answers take. */
const ANSWERS = 2;
/** How much of the longest answer is remembered with each one that comes. */
const KEPT_SHARE = 0.95;

/**
 * Whoever asks for a grant holds those it has got while it waits for the rest,
 * and others that want the same are refused meanwhile. For a voter that is
 * frozen that is the whole round. So once one has refused, the others get no
 * longer than they usually take.
 */
export class Patience {
  readonly #leastMs: number;
  /** How long the slowest of the last answers took. */
  #answerMs: number;

  /**
   * @param ttlMs How long a lease lasts.
   * @param roundMs How long a round may take.
   */
  constructor(ttlMs: number, roundMs: number) {
    this.#leastMs = ttlMs * LEAST_SHARE;
    // Nothing is known yet.
    this.#answerMs = roundMs / ANSWERS;
  }

  /** An answer took so long. */
  onAnswer(ms: number): void {
    this.#answerMs = Math.max(ms, this.#answerMs * KEPT_SHARE);
  }

  /** How long to wait for more answers after a refusal, in milliseconds. */
  get ms(): number {
    return Math.max(this.#leastMs, ANSWERS * this.#answerMs);
  }
}
