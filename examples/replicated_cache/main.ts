/**
 * The example: a cache whose replicas are all restarted while it is used.
 *
 * @module
 */

import { readOptions } from "../../tools/command_line/command_line.ts";
import { count, duration } from "../lock_service/supervisor/table_view.ts";
import { type Outcome, runDemo } from "./demo.ts";
import { failureLines, runExample } from "../support/run_example.ts";
import { parseOptions, USAGE } from "./options.ts";

function describe(outcome: Outcome): string[] {
  const { summary, tookMs, hitShare, calls, watch, troubles } = outcome;
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
  lines.push(...failureLines(outcome));
  lines.push(...troubles);
  lines.push(failed === 0 ? "No call failed." : `${count(failed)} calls FAILED.`);
  return lines;
}

const options = readOptions(USAGE, parseOptions);
Deno.exit(
  await runExample(options.json, (view, signal) => runDemo(options, view, signal), describe),
);
