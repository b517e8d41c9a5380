/**
 * The example: a replicated store whose nodes are killed, frozen and replaced while it is used.
 *
 * @module
 */

import { readOptions } from "../../tools/command_line/command_line.ts";
import { count, duration } from "../lock_service/supervisor/table_view.ts";
import { runExample } from "../support/run_example.ts";
import { type Outcome, runKv } from "./run/demo.ts";
import { parseOptions, USAGE } from "./run/options.ts";

/** How many troubles are shown, such as reads that nothing explains. */
const SHOWN = 10;

function describe({ summary, troubles, nodes }: Outcome): string[] {
  const { operations, unanswered, kills, freezes, changes, watched, failed } = summary;
  return [
    "",
    ...nodes,
    `${count(operations)} operations, p50 ${duration(summary.p50Us)}, ` +
    `p99 ${duration(summary.p99Us)}; ${count(unanswered)} were not answered, by nodes that were ` +
    `killed or frozen; ${count(watched)} changes were watched.`,
    `Nodes were killed ${times(kills)} and frozen ${times(freezes)}, and keys have moved ` +
    `${times(changes)}.`,
    ...troubles.slice(0, SHOWN),
    failed === 0
      ? "All that was read and watched is explained by what was written."
      : `${count(failed)} times what was read or watched is WRONG; seed ${summary.seed}.`,
  ];
}

function times(many: number): string {
  return many === 1 ? "once" : `${many} times`;
}

const options = readOptions(USAGE, parseOptions);
Deno.exit(
  await runExample(options.json, (view, signal) => runKv(options, view, signal), describe),
);
