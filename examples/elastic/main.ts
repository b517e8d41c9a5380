/**
 * The example: counters whose nodes come and go while they are used.
 *
 * @module
 */

import { readOptions } from "../../tools/command_line/command_line.ts";
import { count, duration } from "../lock_service/supervisor/table_view.ts";
import { failureLines, runExample } from "../support/run_example.ts";
import { type Outcome, runElastic } from "./demo.ts";
import { parseOptions, USAGE } from "./options.ts";

/** How many troubles are shown, such as keys that are wrong. */
const SHOWN = 10;

function describe(outcome: Outcome): string[] {
  const { summary, troubles } = outcome;
  const { requests, failed, wrongKeys, steps, p50Us, p99Us } = summary;
  const lines = [
    "",
    `${count(requests)} additions, p50 ${duration(p50Us)}, p99 ${duration(p99Us)}; ` +
    `nodes have come or gone ${steps} times.`,
  ];
  lines.push(...failureLines(outcome));
  lines.push(...troubles.slice(0, SHOWN));
  lines.push(
    failed === 0 ? "No call failed." : `${count(failed)} calls FAILED.`,
    wrongKeys === 0 ? "No key was lost." : `${count(wrongKeys)} keys are WRONG.`,
  );
  return lines;
}

const options = readOptions(USAGE, parseOptions);
Deno.exit(
  await runExample(options.json, (view, signal) => runElastic(options, view, signal), describe),
);
