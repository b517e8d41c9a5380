/**
 * Tells whether hosts are healthy.
 *
 * @module
 */

import type { Health } from "../../operations/health.ts";
import { type Command, command } from "../arguments/command.ts";
import { duration, whole } from "../arguments/option.ts";
import { answered, notesOf, statusOf } from "../asking/ask_all.ts";
import type { Cell, Column } from "../output/table.ts";
import { ask, HOST_OPTIONS, HOSTS, jsonOf, PEERS_OPTION } from "./host_command.ts";

type Row = Health & { readonly host: string };

const COLUMNS: readonly Column<Row>[] = [
  { title: "HOST", of: ({ host }) => host, mayBeCut: true },
  { title: "READY", of: ({ ready }) => verdict(ready.ok) },
  { title: "ALIVE", of: ({ alive }) => verdict(alive.ok) },
  {
    title: "PROBLEMS",
    of: ({ ready, alive }) => [...ready.problems, ...alive.problems].join(" "),
    mayBeCut: true,
  },
];

/** `internode health`. */
export const healthCommand: Command = command({
  name: "health",
  about: "Tells whether hosts should get work, and whether they work at all.",
  details:
    "The exit status is 0 if all are ready and alive, 1 if one is not, and 3 if one cannot be asked.",
  operands: [HOSTS],
  options: {
    "min-peers": whole("how many peers a node must be connected with", {
      from: 0,
      fallback: undefined,
    }),
    "max-loop-delay": duration("how late the event loop may have been, 10s by default", undefined),
    ...PEERS_OPTION,
    ...HOST_OPTIONS,
  },
  examples: [
    { line: "health --context prod --min-peers 2", about: "All nodes, each with two others" },
    { line: "health tcp://127.0.0.1:9000 --timeout 1s", about: "A probe of one's own node" },
  ],
  async run({ operands, options }, world) {
    const asked = {
      minPeers: options["min-peers"],
      maxLoopDelayMs: options["max-loop-delay"],
    };
    const answers = await ask(operands, options, world, (client) => client.health(asked));
    const rows = answered(answers).map(({ host, value }) => ({ host, ...value }));
    if (options.json) await world.printer.json(jsonOf(answers));
    else await world.printer.table(COLUMNS, rows, notesOf(answers));
    return statusOf(answers, rows.every(({ ready, alive }) => ready.ok && alive.ok));
  },
});

function verdict(ok: boolean): Cell {
  return ok ? { text: "yes", tone: "good" } : { text: "no", tone: "bad" };
}
