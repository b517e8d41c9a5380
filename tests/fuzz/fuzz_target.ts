/**
 * Something that is fuzzed.
 *
 * @module
 */

import type { SeededRandom } from "../../lib/testing/time/seeded_random.ts";
import type { FuzzCase, Recorder } from "./fuzz_case.ts";
import type { Tally } from "./tally.ts";

/** What can be fuzzed. */
export const TARGET_NAMES = ["framer", "codec", "session", "pair"] as const;

/** One of them. */
export type TargetName = typeof TARGET_NAMES[number];

/** Both methods throw where an invariant does not hold, and all that escapes from the library counts as such. */
export interface FuzzTarget {
  /** Which one it is. */
  readonly name: TargetName;
  /** Makes up a run by chance while it plays. */
  play(random: SeededRandom, recorder: Recorder, tally: Tally): void;
  /** Plays a run again; steps that make no sense any more are passed over. */
  replay(run: FuzzCase, tally: Tally): void;
}

/** Something that must never happen has happened. */
export class Finding extends Error {
  override name = "Finding";
}

/** Fails unless the condition holds. The message may be made late, as most of them are never needed. */
export function must(condition: boolean, message: string | (() => string)): asserts condition {
  if (!condition) throw new Finding(typeof message === "string" ? message : message());
}
