/**
 * What a run of the fuzzer has seen.
 *
 * @module
 */

import { FrameType } from "../../lib/wire/frame.ts";
import type { TargetName } from "./fuzz_target.ts";

/** Frame types by their number; the two last are what is no frame type, and what is no frame. */
export const FRAME_NAMES: readonly string[] = frameNames();
/** The place of unknown types in {@linkcode FRAME_NAMES}. */
export const UNKNOWN_TYPE = 38;
/** The place of bytes that make no frame in {@linkcode FRAME_NAMES}. */
export const NO_FRAME = 39;

/** Where a session stands when a frame comes. */
export const STATES = [
  "dialler greeting",
  "dialler proving",
  "acceptor waiting",
  "acceptor checking",
  "dialler open",
  "dialler open, draining",
  "acceptor open",
  "acceptor open, draining",
  "closed",
] as const;

/** So many kinds of something are told apart. */
const MAX_KEYS = 250;

/** Counts of frames, outcomes and whatever else a target finds worth counting. */
export class Tally {
  /** Frames, batches (framer) and payloads (codec) of each target. */
  readonly frames: Record<TargetName, number> = { framer: 0, codec: 0, session: 0, pair: 0 };
  /** Runs of each target. */
  readonly runs: Record<TargetName, number> = { framer: 0, codec: 0, session: 0, pair: 0 };
  /** Frames that a session took while it was open. */
  pastHandshake = 0;
  /** Frames by state and type: `state * 40 + type`. */
  readonly byState = new Float64Array(STATES.length * 40);
  /** Everything else, by group and key. */
  readonly groups = new Map<string, Map<string, number>>();

  /** All frames. */
  get total(): number {
    const { framer, codec, session, pair } = this.frames;
    return framer + codec + session + pair;
  }

  /** Counts a frame that a session took. */
  frame(target: TargetName, state: number, type: number): void {
    this.frames[target]++;
    this.byState[state * 40 + type]!++;
    if (state >= 4 && state < 8) this.pastHandshake++;
  }

  /** Counts something. */
  add(group: string, key: string, count = 1): void {
    let keys = this.groups.get(group);
    if (keys === undefined) this.groups.set(group, keys = new Map());
    const known = keys.has(key) || keys.size < MAX_KEYS ? key : "others";
    keys.set(known, (keys.get(known) ?? 0) + count);
  }
}

/** A message without the numbers and quoted texts that differ from run to run. */
export function gist(message: string): string {
  return message.replaceAll(/"[^"]*"/g, '"…"').replaceAll(/-?\d+(?:\.\d+)?(?:e[+-]?\d+)?/g, "N")
    .slice(0, 110);
}

function frameNames(): string[] {
  const names: string[] = Array.from({ length: 40 }, (_, type) => `type ${type}`);
  for (const [name, type] of Object.entries(FrameType)) names[type] = name;
  names[38] = "unknown types";
  names[39] = "no whole frame";
  return names;
}
