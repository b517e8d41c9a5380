/**
 * The example: a cache whose replicas are all restarted while it is used.
 *
 * @module
 */

import { readOptions } from "../../tools/command_line/command_line.ts";
import { Interruption } from "../lock_service/supervisor/interruption.ts";
import { count, duration } from "../lock_service/supervisor/table_view.ts";
import { type Outcome, runDemo } from "./demo.ts";
import { LiveLine } from "../support/live_line.ts";
import { parseOptions, USAGE } from "./options.ts";

/** How many kinds of failures are shown. */
const SHOWN = 10;

async function main(): Promise<number> {
  const options = readOptions(USAGE, parseOptions);
  const interruption = new Interruption();
  // With --json the standard output belongs to the summary alone.
  const view = new LiveLine(options.json ? Deno.stderr : Deno.stdout);
  try {
    const outcome = await runDemo(options, view, interruption.signal);
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

function describe(
  { summary, tookMs, hitShare, calls, watch, failures, troubles }: Outcome,
): string {
  const { requests, failed, restarts } = summary;
  const seconds = (tookMs / 1_000).toFixed(1);
  const lines = [
    "",
    `${count(requests)} requests in ${seconds} s, p50 ${duration(summary.p50Us)}, ` +
    `p99 ${duration(summary.p99Us)}; ${restarts} restarts.`,
    `Calls served: ${calls.map((served, at) => `${count(served)} by replica ${at}`).join(", ")}; ${
      (hitShare * 100).toFixed(0)
    } % of gets found their key.`,
    `A watch of one key saw ${count(watch.changes)} changes, and moved on ${watch.moves} times ` +
    "as its replica stopped.",
  ];
  for (const [failure, times] of [...failures].slice(0, SHOWN)) {
    lines.push(`FAILED, ${times} times: ${failure}`);
  }
  if (failures.size > SHOWN) lines.push(`and ${failures.size - SHOWN} more kinds of failures`);
  lines.push(...troubles);
  lines.push(failed === 0 ? "No call failed." : `${count(failed)} calls FAILED.`);
  return lines.join("\n");
}

Deno.exit(await main());
