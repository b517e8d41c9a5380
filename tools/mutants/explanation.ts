/**
 * Why no test can notice a mutant.
 *
 * @module
 */

/** Names mutants by what they change, so that it holds when lines move. */
export interface Explanation {
  readonly file: string;
  /** The line as it is, without its indentation. */
  readonly lineText: string;
  /** What was done to it; more than one change may have the same reason. Default: whatever is done to it. */
  readonly changes?: readonly string[];
  /** Why nothing that a test could see becomes different, or why it does not matter. */
  readonly reason: string;
}

/** The change of a number that is 0. */
export const ZERO = "`0` became `1`";

/** Where one way is quicker and the other one does the same. */
export const SAME_EITHER_WAY = "Both ways come to the same; it decides which one is quicker.";

/** Where a beginning is never seen. */
export const UNREAD = "It is written before it is read for the first time.";
