/**
 * A token bucket: an amount per second, and an amount at once.
 *
 * @module
 */

/** Tolerance for sums of fractions: a caller that waits until the given time must then succeed. */
const ROUNDING = 1e-6;

/** Fills at a steady rate up to its size. A caller that wants more than it holds has to wait, or gets nothing. */
export class TokenBucket {
  readonly #size: number;
  readonly #aSecond: number;
  #held: number;
  #atMs = -Infinity;

  /**
   * @param size How much may be taken at once. The bucket is full at first.
   * @param aSecond How much is added per second.
   */
  constructor(size: number, aSecond: number) {
    this.#size = size;
    this.#aSecond = aSecond;
    this.#held = size;
  }

  /**
   * Takes an amount, or nothing.
   *
   * @param amount How much.
   * @param nowMs The monotonic time.
   * @returns Whether there was enough.
   */
  take(amount: number, nowMs: number): boolean {
    this.#fill(nowMs);
    if (this.#held < amount - ROUNDING) return false;
    this.#held -= amount;
    return true;
  }

  /** Whether it holds as much as it can, as a new one does. */
  isFull(nowMs: number): boolean {
    this.#fill(nowMs);
    return this.#held >= this.#size;
  }

  /** When the amount will be available, on the same clock; `Infinity` for more than it can hold. */
  readyMs(amount: number): number {
    if (amount > this.#size) return Infinity;
    if (this.#held >= amount) return this.#atMs;
    return this.#atMs + (amount - this.#held) / this.#aSecond * 1000;
  }

  #fill(nowMs: number): void {
    if (nowMs <= this.#atMs) return;
    const earned = (nowMs - this.#atMs) / 1000 * this.#aSecond;
    this.#held = Math.min(this.#size, this.#held + earned);
    this.#atMs = nowMs;
  }
}
