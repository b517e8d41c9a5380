/**
 * Tells a complete file from one that is being written.
 *
 * @module
 */

/** A file that changes for this many settling times is unstable. */
const UNSTABLE_FACTOR = 10;

/**
 * What a look at a file means.
 *
 * - `unchanged`: it is the same as the last complete state
 * - `changed`: it is another complete state
 * - `pending`: it may be half-written; look again
 * - `unstable`: it has been so for ten settling times
 */
export type Verdict = "unchanged" | "changed" | "pending" | "unstable";

/**
 * Decides which of a file's states count, from what is read and when.
 *
 * A file cut short can look like a complete one: nothing in `10.0.0.1:90` says
 * that it should read `10.0.0.1:9000`. So a state counts once it was read twice
 * with the settling time between and was the same; the absence of the file too.
 * There are two exceptions, both only for a text whose last line is complete:
 * the first state of all counts at once, and one that keeps changing counts
 * after ten settling times, so that a busy writer does not block updates.
 */
export class FileDebounce {
  readonly #settleMs: number;
  /** What counts: a text, `null` without a file, `undefined` while nothing does. */
  #counted: string | null | undefined = undefined;
  /** What was seen last, if it is something else, and when for the first time. */
  #seen: string | null | undefined = undefined;
  #seenMs = 0;
  #unstableMs = 0;

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
    if (text === this.#counted) return this.#settle(text, "unchanged");
    const isWhole = text === null || text === "" || text.endsWith("\n");
    if (this.#counted === undefined && isWhole) return this.#settle(text, "changed");
    if (this.#seen === undefined) this.#unstableMs = nowMs;
    if (text !== this.#seen) {
      this.#seen = text;
      this.#seenMs = nowMs;
    } else if (nowMs - this.#seenMs >= this.#settleMs) {
      return this.#settle(text, "changed");
    }
    if (nowMs - this.#unstableMs < UNSTABLE_FACTOR * this.#settleMs) return "pending";
    return isWhole && text !== null && text !== "" ? this.#settle(text, "changed") : "unstable";
  }

  #settle(text: string | null, verdict: Verdict): Verdict {
    this.#counted = text;
    this.#seen = undefined;
    return verdict;
  }
}
