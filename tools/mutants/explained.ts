/**
 * Mutants that no test can notice, each with the reason.
 *
 * @module
 */

import { CODEC_EXPLAINED } from "./explained_codec.ts";
import { SESSION_EXPLAINED } from "./explained_session.ts";
import { WIRE_EXPLAINED } from "./explained_wire.ts";
import type { Explanation } from "./explanation.ts";
import type { Mutant } from "./mutant.ts";

/** All that were looked at. */
export const EXPLAINED: readonly Explanation[] = [
  ...CODEC_EXPLAINED,
  ...SESSION_EXPLAINED,
  ...WIRE_EXPLAINED,
];

/** The explanation of a mutant, if there is one. */
export function explanationOf(
  mutant: Mutant,
  explained: readonly Explanation[] = EXPLAINED,
): Explanation | undefined {
  return explained.find(({ file, lineText, changes }) =>
    file === mutant.file && lineText === mutant.lineText &&
    (changes === undefined || changes.includes(mutant.change))
  );
}
