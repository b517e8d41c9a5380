/**
 * Telling a file that is complete from one that is being written.
 *
 * @module
 */

/** An unrest that lasts this many times as long as a rest must, counts as lasting. */
const RESTLESS_FACTOR = 10;

/**
 * What a look at a file means.
 *
 * - `known`: it is as it was when it counted last
 * - `counts`: it is something else, and complete
 * - `unsettled`: it may be half-written; look again
 * - `restless`: the same, and it has been so for long
 */
export type Verdict = "known" | "counts" | "unsettled" | "restless";

/**
 * Decides which of a file's states count, from what is read and when.
 *
 * A file cut short can look like a complete one: nothing in `10.0.0.1:90` says
 * that it should read `10.0.0.1:9000`. So a state counts once it was read twice
 * with the settling time between and was the same; the absence of the file too.
 * There are two exceptions, both only for a text whose last line is complete:
 * the first state of all counts at once, and one that keeps changing counts
 * after ten settling times, lest a busy writer is never heard.
 */
export class Settling {
  readonly #settleMs: number;
  /** What counts: a text, `null` without a file, `undefined` while nothing does. */
  #counted: string | null | undefined = undefined;
  /** What was seen last, if it is something else, and when for the first time. */
  #seen: string | null | undefined = undefined;
  #seenMs = 0;
  #restlessMs = 0;

  /** */
  constructor(settleMs: number) {
    this.#settleMs = settleMs;
  }

  /**
   * Takes what a look has shown.
   *
   * @param text What is in the file; `null` if there is none.
   * @param nowMs When, on any clock that does not go back.
   */
  see(text: string | null, nowMs: number): Verdict {
    if (text === this.#counted) return this.#settle(text, "known");
    const isWhole = text === null || text === "" || text.endsWith("\n");
    if (this.#counted === undefined && isWhole) return this.#settle(text, "counts");
    if (this.#seen === undefined) this.#restlessMs = nowMs;
    if (text !== this.#seen) {
      this.#seen = text;
      this.#seenMs = nowMs;
    } else if (nowMs - this.#seenMs >= this.#settleMs) {
      return this.#settle(text, "counts");
    }
    if (nowMs - this.#restlessMs < RESTLESS_FACTOR * this.#settleMs) return "unsettled";
    return isWhole && text !== null && text !== "" ? this.#settle(text, "counts") : "restless";
  }

  #settle(text: string | null, verdict: Verdict): Verdict {
    this.#counted = text;
    this.#seen = undefined;
    return verdict;
  }
}
