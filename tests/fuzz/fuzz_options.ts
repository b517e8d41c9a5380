/**
 * The command line of the fuzzer.
 *
 * @module
 */

import { drawSeed } from "../../lib/testing/run_seeded.ts";
import { choice, CommandLine, flag, whole } from "../../tools/command_line/command_line.ts";
import { CodecTarget } from "./targets/codec_target.ts";
import { FramerTarget } from "./targets/framer_target.ts";
import { type FuzzTarget, TARGET_NAMES } from "./fuzz_target.ts";
import type { FuzzOptions } from "./fuzzer.ts";
import { PairTarget } from "./targets/pair_target.ts";
import { SessionTarget } from "./targets/session_target.ts";

const LINE = new CommandLine(
  "deno task fuzz",
  "Feeds generated and damaged bytes to the framer, the codec, a session and two sessions joined " +
    "by a faulty link. One seed gives one history.",
  {
    seconds: whole("how long, in seconds; 30 without it, or without end where --frames is given", {
      from: 0,
      fallback: undefined,
    }),
    frames: whole("how many frames, whichever comes first", { from: 0, fallback: Infinity }),
    seed: whole("a new one without it, which is printed", { from: 0, fallback: undefined }),
    target: choice("what is fed", ["all", ...TARGET_NAMES], "all"),
    iteration: whole("plays that run of the target alone, as the report of a failure says", {
      from: 0,
      fallback: undefined,
    }),
    json: flag("end with all counts in one line of JSON"),
  },
  "Ends with status 0, 1 at the first thing that must not happen, 2 for a wrong option.",
);

/** What `--help` says. */
export const USAGE: string = LINE.usage;

/** All there is to fuzz. */
export function allTargets(): FuzzTarget[] {
  return [new FramerTarget(), new CodecTarget(), new SessionTarget(), new PairTarget()];
}

/**
 * Reads the command line.
 *
 * @throws {UsageError} If something in it is not understood.
 */
export function parseOptions(args: readonly string[]): FuzzOptions & { json: boolean } | "help" {
  const values = LINE.parse(args);
  if (values === "help") return values;
  const { target, seconds, frames, iteration, seed = drawSeed(), json } = values;
  return {
    json,
    targets: allTargets().filter(({ name }) => target === "all" || name === target),
    seed,
    frames,
    seconds: seconds ?? (frames === Infinity ? 30 : Infinity),
    ...(iteration !== undefined && { iteration }),
  };
}
