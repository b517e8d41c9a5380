/**
 * Tells whether hosts are healthy, and what is wrong with them.
 *
 * @module
 */

import type { Health } from "../../operations/health.ts";
import { type Command, command } from "../arguments/command.ts";
import { duration, flag, whole } from "../arguments/option.ts";
import { type Answer, answered, notesOf, statusOf } from "../asking/ask_all.ts";
import type { Cell, Column } from "../output/table.ts";
import type { Printer } from "../output/printer.ts";
import { lookAt } from "../warnings/host_look.ts";
import type { Warning } from "../warnings/warning.ts";
import { warningsOf } from "../warnings/warnings_of.ts";
import { NO, OK } from "../world/exit_status.ts";
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

/** Warnings stand in this table as notes, which are wrapped and never cut. */
const WARNING_COLUMNS: readonly Column<never>[] = [
  { title: "HOST", of: () => "" },
  { title: "WARNING", of: () => "" },
];

/** `internode health`. */
export const healthCommand: Command = command({
  name: "health",
  about: "Tells whether hosts should get work, whether they work at all, and what is wrong.",
  details:
    `Warnings are: a host that does not answer, or that others are not connected with; handlers whose calls take long, or fail; contracts that are not understood; certificates that end soon. For this each host is asked for its calls, figures, handlers and certificates. The exit status is 0 if all are ready and alive, 1 if one is not, and 3 if one cannot be asked.`,
  operands: [HOSTS],
  options: {
    brief: flag("without warnings, as for a probe"),
    strict: flag("a warning makes the exit status 1, too"),
    older: duration("how long calls may take", "5s"),
    within: duration("what counts as soon, for the end of certificates", "14d"),
    for: duration("for how long calls are counted that fail", "1s"),
    "min-peers": whole("how many peers a node must be connected with", {
      from: 0,
      fallback: undefined,
    }),
    "max-loop-delay": duration("how late the event loop may have been, 10s by default", undefined),
    ...PEERS_OPTION,
    ...HOST_OPTIONS,
  },
  examples: [
    { line: "health --context prod", about: "What is wrong with a grid" },
    {
      line: "health --context prod --strict --min-peers 2",
      about: "Nothing at all is wrong, and each node has two others",
    },
    {
      line: "health tcp://127.0.0.1:9000 --brief --timeout 1s",
      about: "A probe of one's own node",
    },
  ],
  async run({ operands, options }, world) {
    const { brief, strict, older, within, json } = options, { printer, clock } = world;
    const asked = {
      minPeers: options["min-peers"],
      maxLoopDelayMs: options["max-loop-delay"],
    };
    if (brief) {
      const answers = await ask(operands, options, world, (client) => client.health(asked));
      if (json) await printer.json(jsonOf(answers));
      else await printVerdicts(answers, printer);
      return statusOf(answers, areWell(answers));
    }
    const look = { health: asked, olderMs: older, countMs: options.for };
    const looks = await ask(
      operands,
      options,
      world,
      (client) => lookAt(client, look, world),
      look.countMs,
    );
    const limits = { olderMs: older, withinMs: within };
    const warnings = warningsOf(looks, limits, clock.wallNow());
    const answers = looks.map((each): Answer<Health> =>
      each.problem === undefined ? { host: each.host, value: each.value.health } : each
    );
    if (json) await printer.json(withWarnings(answers, warnings));
    else {
      await printVerdicts(answers, printer);
      await printWarnings(warnings, printer);
    }
    const status = statusOf(answers, areWell(answers));
    return status === OK && strict && warnings.length > 0 ? NO : status;
  },
});

function areWell(answers: readonly Answer<Health>[]): boolean {
  return answered(answers).every(({ value: { ready, alive } }) => ready.ok && alive.ok);
}

async function printVerdicts(answers: readonly Answer<Health>[], printer: Printer): Promise<void> {
  const rows = answered(answers).map(({ host, value }) => ({ host, ...value }));
  await printer.table(COLUMNS, rows, notesOf(answers));
}

async function printWarnings(warnings: readonly Warning[], printer: Printer): Promise<void> {
  if (warnings.length === 0) return await printer.print("\nThere are no warnings.\n");
  await printer.print("\n");
  const notes = warnings.map(({ host, handler, text }) => ({
    first: host,
    note: handler === null ? text : `${handler}: ${text}`,
  }));
  await printer.table(WARNING_COLUMNS, [], notes);
}

/** Hosts that were not asked have warnings alone. */
function withWarnings(
  answers: readonly Answer<Health>[],
  warnings: readonly Warning[],
): readonly object[] {
  const byHost = Map.groupBy(warnings, ({ host }) => host);
  const of = (host: string): readonly object[] =>
    (byHost.get(host) ?? []).map(({ handler, text }) => ({ handler, text }));
  const asked = new Set(answers.map(({ host }) => host));
  const others = [...byHost.keys()].filter((host) => !asked.has(host));
  return [
    ...jsonOf(answers).map((each, at) => ({ ...each, warnings: of(answers[at]!.host) })),
    ...others.map((host) => ({ host, warnings: of(host) })),
  ];
}

function verdict(ok: boolean): Cell {
  return ok ? { text: "yes", tone: "good" } : { text: "no", tone: "bad" };
}
