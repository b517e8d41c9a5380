/**
 * So much in a second, and so much at once.
 *
 * @module
 */

/** What a sum of fractions may lack: whoever comes when it was told to must not be told the same time again. */
const ROUNDING = 1e-6;

/** Fills at a steady rate up to its size; whoever takes more than it holds has to wait, or goes without. */
export class TokenBucket {
  readonly #size: number;
  readonly #aSecond: number;
  #held: number;
  #atMs = -Infinity;

  /**
   * @param size How much may be taken at once. It is full at first.
   * @param aSecond How much comes in a second.
   */
  constructor(size: number, aSecond: number) {
    this.#size = size;
    this.#aSecond = aSecond;
    this.#held = size;
  }

  /**
   * Takes so much, or nothing.
   *
   * @param amount How much.
   * @param nowMs The monotonic time.
   * @returns Whether there was so much.
   */
  take(amount: number, nowMs: number): boolean {
    this.#fill(nowMs);
    if (this.#held < amount - ROUNDING) return false;
    this.#held -= amount;
    return true;
  }

  /** When so much can be taken, on the same clock; `Infinity` for more than it can hold. */
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
