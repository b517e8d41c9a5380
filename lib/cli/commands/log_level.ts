/**
 * Shows and changes from which level on hosts log.
 *
 * @module
 */

import type { AdminLogLevel } from "../../admin/steering_contract.ts";
import { type Command, command } from "../arguments/command.ts";
import { choice, duration } from "../arguments/option.ts";
import { UsageError } from "../arguments/usage_error.ts";
import { dateText } from "../output/figures.ts";
import type { Column } from "../output/table.ts";
import { ask, HOST_OPTIONS, HOSTS, PEERS_OPTION, showAnswers } from "./host_command.ts";

type Row = AdminLogLevel & { readonly host: string };

const COLUMNS: readonly Column<Row>[] = [
  { title: "HOST", of: ({ host }) => host, mayBeCut: true },
  { title: "LEVEL", of: ({ level }) => level },
  { title: "USUAL", of: ({ usual }) => usual },
  { title: "UNTIL", of: ({ untilMs }) => untilMs === null ? "" : dateText(untilMs) },
];

const LEVELS = ["debug", "info", "warn", "error", "reset"] as const;

/** `internode log-level`. */
export const logLevelCommand: Command = command({
  name: "log-level",
  about: "Shows from which level on hosts log, or changes it.",
  operands: [HOSTS],
  options: {
    set: choice("the new level; reset for the one that the host began with", LEVELS, undefined),
    for: duration("for how long; until it is reset by default", undefined),
    ...PEERS_OPTION,
    ...HOST_OPTIONS,
  },
  examples: [
    {
      line: "log-level tcp://10.0.0.1:9000 --set debug --for 10m",
      about: "A closer look at one node, which ends by itself",
    },
    { line: "log-level --context prod --set reset", about: "All back to normal" },
  ],
  async run({ operands, options }, world) {
    const { set: level, for: forMs } = options;
    if (forMs !== undefined && (level === undefined || level === "reset")) {
      throw new UsageError("--for needs a level: give --set, too.");
    }
    const asked = { level, forMs };
    const answers = await ask(operands, options, world, (client) => client.logLevel(asked));
    return await showAnswers(answers, COLUMNS, options.json, world);
  },
});
