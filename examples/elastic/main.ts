/**
 * The example: counters whose nodes come and go while they are used.
 *
 * @module
 */

import { readOptions } from "../../tools/command_line/command_line.ts";
import { Interruption } from "../lock_service/supervisor/interruption.ts";
import { count, duration } from "../lock_service/supervisor/table_view.ts";
import { LiveLine } from "../support/live_line.ts";
import { type Outcome, runElastic } from "./demo.ts";
import { parseOptions, USAGE } from "./options.ts";

/** How many kinds of failures and troubles are shown. */
const SHOWN = 10;

async function main(): Promise<number> {
  const options = readOptions(USAGE, parseOptions);
  const interruption = new Interruption();
  // With --json the standard output belongs to the summary alone.
  const view = new LiveLine(options.json ? Deno.stderr : Deno.stdout);
  try {
    const outcome = await runElastic(options, view, interruption.signal);
    view.print(describe(outcome));
    if (options.json) console.log(JSON.stringify(outcome.summary));
    return outcome.summary.failed + outcome.troubles.length > 0 ? 1 : 0;
  } catch (error) {
    const { aborted, reason } = interruption.signal;
    const cause = aborted ? reason : error;
    view.print(`The example did not run to its end: ${cause.message ?? cause}`);
    return aborted ? interruption.status : 1;
  }
}

function describe({ summary, failures, troubles }: Outcome): string {
  const { requests, failed, wrongKeys, steps, p50Us, p99Us } = summary;
  const lines = [
    "",
    `${count(requests)} additions, p50 ${duration(p50Us)}, p99 ${duration(p99Us)}; ` +
    `nodes have come or gone ${steps} times.`,
  ];
  for (const [failure, times] of [...failures].slice(0, SHOWN)) {
    lines.push(`FAILED, ${times} times: ${failure}`);
  }
  if (failures.size > SHOWN) lines.push(`and ${failures.size - SHOWN} more kinds of failures`);
  lines.push(...troubles.slice(0, SHOWN));
  lines.push(
    failed === 0 ? "No call failed." : `${count(failed)} calls FAILED.`,
    wrongKeys === 0 ? "No key was lost." : `${count(wrongKeys)} keys are WRONG.`,
  );
  return lines.join("\n");
}

Deno.exit(await main());
