/**
 * A token bucket: an amount per second, and an amount at once.
 *
 * @module
 */

import { DOUBLE_ZERO } from "./double_zero.ts";

/** Tolerance for sums of fractions: a caller that waits until the given time must then succeed. */
const ROUNDING = 1e-6;

/** Fills at a steady rate up to its size. A caller that wants more than it holds has to wait, or gets nothing. */
export class TokenBucket {
  readonly #size: number;
  readonly #aSecond: number;
  /** How much was taken, without what has been added since. */
  #taken: number = DOUBLE_ZERO;
  #atMs = -Infinity;

  /**
   * @param size How much may be taken at once. The bucket is full at first.
   * @param aSecond How much is added per second.
   */
  constructor(size: number, aSecond: number) {
    this.#size = size;
    this.#aSecond = aSecond;
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
    this.#taken += amount;
    return true;
  }

  /** Whether it holds as much as it can, as a new one does. */
  isFull(nowMs: number): boolean {
    this.#fill(nowMs);
    return this.#taken <= 0;
  }

  /** When the amount will be available, on the same clock; `Infinity` for more than it can hold. */
  readyMs(amount: number): number {
    if (amount > this.#size) return Infinity;
    if (this.#held >= amount) return this.#atMs;
    return this.#atMs + (amount - this.#held) / this.#aSecond * 1000;
  }

  get #held(): number {
    return this.#size - this.#taken;
  }

  #fill(nowMs: number): void {
    if (nowMs <= this.#atMs) return;
    const earned = (nowMs - this.#atMs) / 1000 * this.#aSecond;
    this.#taken = Math.max(0, this.#taken - earned);
    this.#atMs = nowMs;
  }
}
