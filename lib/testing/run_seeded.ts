/**
 * Runs a test whose failures can be replayed.
 *
 * @module
 */

import { textOf } from "../foreign/text_of.ts";
import { SeededRandom } from "./time/seeded_random.ts";

/**
 * The failure of a seeded simulation. Its message names the seed with which
 * the same history comes again; `cause` is what went wrong.
 */
export class SimulationFailure extends Error {
  /** The seed to run again with. */
  readonly seed: number;
  /** What went wrong. */
  override readonly cause: unknown;

  /**
   * Puts the seed before the message and the details after it.
   *
   * @param seed The seed that the run was made from.
   * @param cause What went wrong.
   * @param details What was drawn and what happened last, for the reader.
   */
  constructor(seed: number, cause: unknown, details = "") {
    const message = textOf(cause, Infinity);
    super(`Seed ${seed}: ${message}${details === "" ? "" : `\n${details}`}`, { cause });
    this.name = "SimulationFailure";
    this.seed = seed;
    this.cause = cause;
  }
}

/** What the body of {@linkcode runSeeded} can tell about its run. */
export interface SeededRun {
  /** The seed of this run. */
  readonly seed: number;
  /** Notes an option that was drawn, to be shown if the run fails. */
  note(name: string, value: unknown): void;
}

/**
 * Runs a simulation from a seed. If it fails, the error names the seed and
 * what was noted; passing that seed instead of `undefined` replays it exactly.
 *
 * @param seed The seed; `undefined` draws a new one from the system.
 * @param body The simulation. All random numbers must come from the generator it is given.
 * @returns What the body returns.
 * @throws {SimulationFailure} With what the body threw as its cause.
 *
 * @example
 * ```ts
 * import { runSeeded, SimulationFailure } from "@internode/grid/testing";
 * import { assertEquals, assertRejects } from "@std/assert";
 *
 * const play = (seed?: number) => runSeeded(seed, async (random, run) => {
 *   await Promise.resolve();
 *   const nodes = random.int(2, 64);
 *   run.note("nodes", nodes);
 *   throw new Error("lost an update");
 * });
 *
 * const first = await assertRejects(() => play(), SimulationFailure, "lost an update");
 * const again = await assertRejects(() => play(first.seed), SimulationFailure);
 * assertEquals(again.message, first.message);
 * ```
 */
export async function runSeeded<Result>(
  seed: number | undefined,
  body: (random: SeededRandom, run: SeededRun) => Promise<Result>,
): Promise<Result> {
  const random = new SeededRandom(seed ?? drawSeed());
  const notes: string[] = [];
  const run: SeededRun = {
    seed: random.seed,
    note: (name, value) => void notes.push(`  ${name}: ${show(value)}`),
  };
  try {
    return await body(random, run);
  } catch (error) {
    const details = notes.length === 0 ? "" : `drawn:\n${notes.join("\n")}`;
    const isNamed = error instanceof SimulationFailure && error.seed === random.seed;
    if (isNamed && details === "") throw error;
    throw new SimulationFailure(
      random.seed,
      isNamed ? error.cause : error,
      withOwn(error, details),
    );
  }
}

/** The one source of new random numbers: 32 bits, so that a seed is quick to type. */
export function drawSeed(): number {
  // deno-lint-ignore internode/injected-time -- a new simulation needs a seed from somewhere
  return crypto.getRandomValues(new Uint32Array(1))[0]!;
}

/** Keeps the details of a failure that carries some already. */
function withOwn(error: unknown, details: string): string {
  if (!(error instanceof SimulationFailure)) return details;
  const own = error.message.indexOf("\n");
  return own < 0 ? details : `${details}${error.message.slice(own)}`;
}

function show(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value) ?? String(value);
}
