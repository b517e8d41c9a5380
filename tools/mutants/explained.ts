/**
 * Mutants that no test can notice, each with the reason.
 *
 * @module
 */

import type { Mutant } from "./mutant.ts";

/** Names mutants by what they change, so that it holds when lines move. */
export interface Explanation {
  readonly file: string;
  /** The line as it is, without its indentation. */
  readonly lineText: string;
  /** What was done to it; more than one change may have the same reason. */
  readonly changes: readonly string[];
  /** Why nothing that a test could see becomes different, or why it does not matter. */
  readonly reason: string;
}

/** All that were looked at. */
export const EXPLAINED: readonly Explanation[] = [];

/** The explanation of a mutant, if there is one. */
export function explanationOf(
  mutant: Mutant,
  explained: readonly Explanation[] = EXPLAINED,
): Explanation | undefined {
  return explained.find(({ file, lineText, changes }) =>
    file === mutant.file && lineText === mutant.lineText && changes.includes(mutant.change)
  );
}
