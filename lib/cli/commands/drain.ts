/**
 * Takes hosts out of service.
 *
 * @module
 */

import { type Command, command } from "../arguments/command.ts";
import { duration } from "../arguments/option.ts";
import { countText } from "../output/figures.ts";
import type { Column } from "../output/table.ts";
import { ask, HOST_OPTIONS, showAnswers } from "./host_command.ts";

interface Row {
  readonly host: string;
  readonly calls: number;
}

const COLUMNS: readonly Column<Row>[] = [
  { title: "HOST", of: ({ host }) => host, mayBeCut: true },
  { title: "CALLS", of: ({ calls }) => countText(calls), isNumber: true },
];

/** `internode drain`. */
export const drainCommand: Command = command({
  name: "drain",
  about: "Takes hosts out of service: they finish the calls in flight, and close.",
  details:
    "The hosts must be named: those of a context are never drained together. CALLS is how many calls in flight have the grace time.",
  operands: [{ name: "HOST", about: "whom to drain, by URL", isRepeated: true }],
  options: {
    grace: duration("how long calls in flight may take; the host's own time by default", undefined),
    ...HOST_OPTIONS,
  },
  examples: [
    { line: "drain tcp://10.0.0.1:9000 --grace 30s", about: "Before a machine is restarted" },
  ],
  async run({ operands, options }, world) {
    const asked = { graceMs: options.grace };
    const answers = await ask(operands, options, world, (client) => client.drain(asked));
    return await showAnswers(answers, COLUMNS, options.json, world);
  },
});
