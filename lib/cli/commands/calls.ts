/**
 * Lists calls in flight.
 *
 * @module
 */

import type { AdminCall } from "../../admin/calls_contract.ts";
import { type Command, command } from "../arguments/command.ts";
import { choice, duration, text, whole } from "../arguments/option.ts";
import { answered, notesOf, statusOf } from "../asking/ask_all.ts";
import { countText, timeText } from "../output/figures.ts";
import type { Column } from "../output/table.ts";
import { handlerText, longDirection, shortDirection } from "../output/call_texts.ts";
import { ask, HOST_OPTIONS, HOSTS, PEERS_OPTION } from "./host_command.ts";

type Row = AdminCall & { readonly node: string };

const COLUMNS: readonly Column<Row>[] = [
  { title: "NODE", of: ({ node }) => node, mayBeCut: true },
  { title: "AGE", of: ({ ageMs }) => timeText(ageMs), isNumber: true },
  { title: "DIR", of: ({ direction }) => shortDirection(direction) },
  { title: "HANDLER", of: handlerText, mayBeCut: true },
  { title: "PEER", of: ({ host }) => host, mayBeCut: true },
  { title: "STATE", of: ({ state }) => state },
  { title: "LEFT", of: ({ leftMs }) => timeText(leftMs), isNumber: true },
  { title: "TRY", of: ({ attempt }) => countText(attempt), isNumber: true },
  { title: "STREAM", of: streamText },
];

/** `internode calls`. */
export const callsCommand: Command = command({
  name: "calls",
  about: "Lists the calls in flight of hosts, those first that have taken longest.",
  details:
    "A call between two of the hosts is listed twice: out at the one that has made it, in at the one that serves it. STREAM has the messages sent and received, and in brackets the credit left for sending.",
  operands: [HOSTS],
  options: {
    handler: text("only those of the handler of this name", "NAME", undefined),
    older: duration("only those that are at least so old", "0ms"),
    direction: choice("only those that come in, or go out", ["in", "out"], undefined),
    limit: whole("how many", { from: 1, to: 10_000, fallback: 50 }),
    ...PEERS_OPTION,
    ...HOST_OPTIONS,
  },
  examples: [
    { line: "calls --context prod --older 1s", about: "What hangs, and where" },
    {
      line: "calls tcp://10.0.0.1:9000 --direction in --handler disk.read",
      about: "The calls of one handler that a node serves",
    },
  ],
  async run({ operands, options }, world) {
    const { handler, older, direction, limit } = options;
    const answers = await ask(
      operands,
      options,
      world,
      (client) =>
        client.calls({ limit, minAgeMs: older, handler, direction: longDirection(direction) }),
    );
    const all = answered(answers);
    const rows = all
      .flatMap(({ host, value }) => value.calls.map((call) => ({ node: host, ...call })))
      .sort((one, other) => other.ageMs - one.ageMs)
      .slice(0, limit);
    if (options.json) {
      const problems = answers.filter(({ problem }) => problem !== undefined);
      await world.printer.json({ calls: rows, problems });
    } else if (rows.length === 0 && statusOf(answers) === 0) {
      await world.printer.note("There is no such call in flight.");
    } else {
      await world.printer.table(COLUMNS, rows, notesOf(answers));
      const total = all.reduce((sum, { value }) => sum + (value.inFlight ?? 0), 0);
      if (total > rows.length) {
        await world.printer.note(
          `${rows.length} of ${total} calls are shown. To show more, raise --limit.`,
        );
      }
    }
    return statusOf(answers);
  },
});

function streamText({ stream }: AdminCall): string {
  if (stream === null) return "";
  const { sent, received, sendCredit } = stream;
  return `${countText(sent)}>${countText(received)}< (${countText(sendCredit)})`;
}
