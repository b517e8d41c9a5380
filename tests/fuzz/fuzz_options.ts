/**
 * The command line of the fuzzer.
 *
 * @module
 */

import { drawSeed } from "../../lib/testing/run_seeded.ts";
import { CodecTarget } from "./targets/codec_target.ts";
import { FramerTarget } from "./targets/framer_target.ts";
import { type FuzzTarget, TARGET_NAMES } from "./fuzz_target.ts";
import type { FuzzOptions } from "./fuzzer.ts";
import { PairTarget } from "./targets/pair_target.ts";
import { SessionTarget } from "./targets/session_target.ts";

/** What `--help` says. */
export const USAGE = `deno task fuzz [--seconds 30] [--frames N] [--seed N] [--target all] [--json]

Feeds generated and damaged bytes to the framer, the codec, a session and two
sessions joined by a faulty link, and ends with exit code 1 at the first thing
that must not happen. One seed gives one history.

--seconds    how long; default 30, or without end where --frames is given
--frames     how many frames, whichever comes first; default: any number
--seed       from 0 to 2^53 - 1; default: a new one
--target     all, or one of ${TARGET_NAMES.join(", ")}
--iteration  plays that run of the target alone, as the report of a failure says
--json       ends with all counts in one line of JSON`;

const FLAGS = ["seconds", "frames", "seed", "target", "iteration"] as const;

/** All there is to fuzz. */
export function allTargets(): FuzzTarget[] {
  return [new FramerTarget(), new CodecTarget(), new SessionTarget(), new PairTarget()];
}

/** Reads the command line; throws a text that says what is wrong with it. */
export function parseOptions(args: readonly string[]): FuzzOptions & { json: boolean } {
  const given = new Map<string, string>();
  let json = false;
  for (let at = 0; at < args.length; at++) {
    const name = args[at]!.replace(/^--/, "");
    if (name === "json") json = true;
    else if ((FLAGS as readonly string[]).includes(name) && args[at + 1] !== undefined) {
      given.set(name, args[++at]!);
    } else throw `There is no flag ${args[at]}, or it wants a value.`;
  }
  const whole = (name: string): number | undefined => {
    const text = given.get(name);
    if (text === undefined) return undefined;
    const value = Number(text);
    if (!Number.isSafeInteger(value) || value < 0) throw `--${name} wants a whole number.`;
    return value;
  };
  const wanted = given.get("target") ?? "all";
  const targets = allTargets().filter(({ name }) => wanted === "all" || name === wanted);
  if (targets.length === 0) throw `There is no target ${wanted}.`;
  const frames = whole("frames"), iteration = whole("iteration");
  return {
    json,
    targets,
    seed: whole("seed") ?? drawSeed(),
    frames: frames ?? Infinity,
    seconds: whole("seconds") ?? (frames === undefined ? 30 : Infinity),
    ...(iteration !== undefined && { iteration }),
  };
}
