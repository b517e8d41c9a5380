/**
 * Goes round the targets until time or frames are used up, or something is found.
 *
 * @module
 */

import { SeededRandom } from "../../lib/testing/time/seeded_random.ts";
import { type FuzzCase, Recorder, storeCase, type StoredCase } from "./fuzz_case.ts";
import type { FuzzTarget, TargetName } from "./fuzz_target.ts";
import { HeapWatch } from "./heap_watch.ts";
import { shrink } from "./shrinker.ts";
import { gist, Tally } from "./tally.ts";

/** How the frames are shared out. */
const SHARES: Record<TargetName, number> = { framer: 10, codec: 6, session: 56, pair: 28 };
const REPORT_MS = 5_000;

/** How long to go on; whichever comes first. */
export interface FuzzOptions {
  readonly seed: number;
  readonly seconds: number;
  readonly frames: number;
  readonly targets: readonly FuzzTarget[];
  /** Plays this run of each target alone. */
  readonly iteration?: number;
  /** Hears how far it is, now and then. */
  readonly onProgress?: (line: string) => void;
}

/** What was found. */
export interface Failure {
  readonly target: TargetName;
  readonly iteration: number;
  readonly message: string;
  readonly stack: string;
  /** The smallest run that fails in the same way. */
  readonly minimal: StoredCase;
}

/** What a run of the fuzzer came to. */
export interface FuzzResult {
  readonly tally: Tally;
  readonly heap: HeapWatch;
  readonly seconds: number;
  readonly failure: Failure | null;
}

/** Fuzzes until something is found or the time is up. */
export function fuzz(options: FuzzOptions): FuzzResult {
  const { seed, seconds, frames, targets, onProgress } = options;
  const root = new SeededRandom(seed), tally = new Tally(), heap = new HeapWatch();
  const startMs = performance.now(), endMs = startMs + seconds * 1_000;
  const result = (failure: Failure | null): FuzzResult => {
    heap.sample();
    return { tally, heap, seconds: (performance.now() - startMs) / 1_000, failure };
  };
  const depth = Error.stackTraceLimit;
  let reportMs = startMs + REPORT_MS, nowMs = startMs;
  // Errors are the daily bread here, and their stacks are what they cost.
  Error.stackTraceLimit = 0;
  try {
    if (options.iteration !== undefined) {
      for (const target of targets) {
        const failure = playOne(target, options.iteration, root, tally);
        if (failure !== null) return result(failure);
      }
      return result(null);
    }
    while (nowMs < endMs && tally.total < frames) {
      const target = nextTarget(targets, tally);
      const failure = playOne(target, tally.runs[target.name]++, root, tally);
      if (failure !== null) return result(failure);
      nowMs = performance.now();
      if (nowMs < reportMs) continue;
      reportMs = nowMs + REPORT_MS;
      heap.sample();
      const elapsed = (nowMs - startMs) / 1_000;
      onProgress?.(
        `${Math.round(elapsed)} s: ${tally.total} frames, ` +
          `${Math.round(tally.total / elapsed)} each second, ${heap}`,
      );
    }
    return result(null);
  } finally {
    Error.stackTraceLimit = depth;
  }
}

/** The one that has had least of its share: which one follows from the counts alone, not from time. */
function nextTarget(targets: readonly FuzzTarget[], { frames }: Tally): FuzzTarget {
  let next = targets[0]!;
  for (const target of targets) {
    const { name } = target;
    if (frames[name] / SHARES[name] < frames[next.name] / SHARES[next.name]) next = target;
  }
  return next;
}

function playOne(
  target: FuzzTarget,
  iteration: number,
  root: SeededRandom,
  tally: Tally,
): Failure | null {
  const label = `${target.name} ${iteration}`;
  try {
    target.play(root.fork(label), new Recorder(false), tally);
    return null;
  } catch (error) {
    return explain(target, iteration, () => root.fork(label), error);
  }
}

/** Plays the run again, notes what it does, and looks for the least of it that fails. */
function explain(
  target: FuzzTarget,
  iteration: number,
  chance: () => SeededRandom,
  first: unknown,
): Failure {
  Error.stackTraceLimit = 20;
  const recorder = new Recorder(true);
  let error = first;
  try {
    target.play(chance(), recorder, new Tally());
  } catch (again) {
    error = again;
  }
  const what = gist(messageOf(error));
  const run: FuzzCase = { setup: recorder.setup, steps: recorder.steps ?? [] };
  const minimal = shrink(run, (smaller) => {
    try {
      target.replay(smaller, new Tally());
      return false;
    } catch (other) {
      return gist(messageOf(other)) === what;
    }
  });
  return {
    target: target.name,
    iteration,
    message: messageOf(error),
    stack: error instanceof Error ? `${error.stack}\n${causeOf(error)}` : String(error),
    minimal: storeCase(what, target.name, minimal),
  };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}

function causeOf({ cause }: Error): string {
  return cause instanceof Error ? `Caused by ${cause.stack}` : "";
}
