/**
 * What the programs of examples under load have in common.
 *
 * @module
 */

import { delay } from "@std/async";
import { Interruption } from "../lock_service/supervisor/interruption.ts";
import { LiveLine } from "./live_line.ts";

/** How many kinds of failures are shown. */
const SHOWN = 10;
const SHOW_MS = 1_000;
const SHOW_LIVE_MS = 200;

/** What a run amounts to. */
export interface ExampleOutcome {
  /** The figures, for `--json`. */
  readonly summary: { readonly failed: number };
  /** What failed, and how often. */
  readonly failures: ReadonlyMap<string, number>;
  /** What else went wrong, each a sentence. */
  readonly troubles: readonly string[];
}

/**
 * Runs an example, shows how it goes and what came of it.
 *
 * @param json Whether the standard output belongs to the summary alone.
 * @param run Runs it, until its end or the signal's.
 * @param describe Says what came of it, in lines.
 * @returns The status to end with.
 */
export async function runExample<Outcome extends ExampleOutcome>(
  json: boolean,
  run: (view: LiveLine, signal: AbortSignal) => Promise<Outcome>,
  describe: (outcome: Outcome) => readonly string[],
): Promise<number> {
  const interruption = new Interruption();
  const view = new LiveLine(json ? Deno.stderr : Deno.stdout);
  try {
    const outcome = await run(view, interruption.signal);
    view.print(describe(outcome).join("\n"));
    if (json) console.log(JSON.stringify(outcome.summary));
    return outcome.summary.failed + outcome.troubles.length > 0 ? 1 : 0;
  } catch (error) {
    const { aborted, reason } = interruption.signal;
    const cause = aborted ? reason : error;
    view.print(`The example did not run to its end: ${cause.message ?? cause}`);
    return aborted ? interruption.status : 1;
  }
}

/** The kinds of failures, each a line. */
export function failureLines({ failures }: ExampleOutcome): string[] {
  const lines = [...failures].slice(0, SHOWN).map(([failure, times]) =>
    `FAILED, ${times} times: ${failure}`
  );
  if (failures.size > SHOWN) lines.push(`and ${failures.size - SHOWN} more kinds of failures`);
  return lines;
}

/**
 * Shows every now and then how it goes, until the signal aborts.
 *
 * @param line Says how, behind the seconds that have passed.
 */
export async function showProgress(
  view: LiveLine,
  line: () => string,
  signal: AbortSignal,
): Promise<void> {
  const beganAt = performance.now();
  while (!signal.aborted) {
    await delay(view.live ? SHOW_LIVE_MS : SHOW_MS, { signal }).catch(() => {});
    const seconds = (performance.now() - beganAt) / 1_000;
    view.show(`${seconds.toFixed(0).padStart(3)} s: ${line()}`);
  }
}
