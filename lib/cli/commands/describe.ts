/**
 * Shows handlers and their contracts.
 *
 * @module
 */

import type { AdminHandler } from "../../admin/describe_contract.ts";
import { breaking } from "../../reflection/breaking.ts";
import type { ContractDescription } from "../../reflection/contract_description.ts";
import { jsonSchema } from "../../reflection/json_schema.ts";
import { markdown } from "../../reflection/markdown.ts";
import { snapshot } from "../../reflection/snapshot.ts";
import { type Command, command } from "../arguments/command.ts";
import { choice, text } from "../arguments/option.ts";
import { UsageError } from "../arguments/usage_error.ts";
import { answered, notesOf, statusOf } from "../asking/ask_all.ts";
import { contractOfHandler } from "../asking/described.ts";
import { type SharedHandler, shareHandlers } from "../asking/shared_handlers.ts";
import { countText } from "../output/figures.ts";
import type { Column } from "../output/table.ts";
import { NO } from "../world/exit_status.ts";
import { ask, HOST_OPTIONS, HOSTS, jsonOf, PEERS_OPTION } from "./host_command.ts";

/** `internode describe`. */
export const describeCommand: Command = command({
  name: "describe",
  about: "Lists the handlers of hosts, and shows their contracts.",
  details:
    `NODES is how many of the hosts have a handler. CONTRACT tells whether all run the same contract; if not, "breaking" of two hosts says what that means. The exit status is 1 if contracts differ in a way that breaks.`,
  operands: [HOSTS],
  options: {
    handler: text("only the handler of this name, with its contract", "NAME", undefined),
    as: choice(
      "how contracts are printed, instead of the table",
      ["markdown", "schema", "snapshot"],
      undefined,
    ),
    ...PEERS_OPTION,
    ...HOST_OPTIONS,
  },
  examples: [
    { line: "describe --context prod", about: "The handlers of a grid" },
    { line: "describe tcp://10.0.0.1:9000 --handler disk.read", about: "What a handler takes" },
    {
      line: "describe tcp://10.0.0.1:9000 --as snapshot > contracts.json",
      about: "A file for breaking",
    },
  ],
  async run({ operands, options }, world) {
    const { handler, as } = options, { printer } = world;
    const answers = await ask(operands, options, world, (client) => client.describe({ handler }));
    const shared = shareHandlers(
      answered(answers).map(({ host, value }) => ({
        host,
        value: value.handlers,
      })),
    );
    const contracts = shared.flatMap((one) => one.contracts.map(({ contract }) => contract));
    const first = shared.flatMap((one) => one.contracts.slice(0, 1)).map((one) => one.contract);
    const isWell = shared.every(({ contracts }) => !differ(contracts));
    if (as !== undefined && answered(answers).length === 0) {
      // No answer must not look like an empty list: the notes say why.
    } else if (as === "snapshot") await printer.print(snapshot(first));
    else if (as === "schema") await printer.json(first.map(schemasOf));
    else if (options.json) {
      await printer.json(
        jsonOf(
          answers.map((each) =>
            each.problem === undefined
              ? { ...each, value: { handlers: each.value.handlers.map(readable) } }
              : each
          ),
        ),
      );
    } else if (as === "markdown") await printer.print(markdown(first));
    else {
      await printer.table(columnsFor(answered(answers).length), shared, notesOf(answers));
      if (handler !== undefined) await printer.print(`\n${contracts.map(page).join("\n")}`);
    }
    const notes = notesOf(answers);
    if (as !== undefined) {
      for (const { first, note } of notes) await printer.note(`${first}: ${note}`);
    }
    if (handler !== undefined && shared.length === 0 && notes.length === 0) {
      throw new UsageError(`No host has the handler ${handler}; "describe" lists them.`);
    }
    return notes.length === 0 && !isWell ? NO : statusOf(answers);
  },
});

/** Whether nodes with these contracts would misunderstand each other. */
function differ(contracts: SharedHandler["contracts"]): boolean {
  const [usual, ...others] = contracts;
  return others.some(({ contract }) =>
    breaking([usual!.contract], [contract]).some(({ compatible }) => !compatible)
  );
}

function columnsFor(hosts: number): readonly Column<SharedHandler>[] {
  return [
    { title: "HANDLER", of: ({ name }) => name, mayBeCut: true },
    { title: "KIND", of: ({ kind }) => kind },
    {
      title: "NODES",
      of: ({ hosts: { length } }) => ({
        text: `${length}/${hosts}`,
        tone: length < hosts ? "warning" : "plain",
      }),
      isNumber: true,
    },
    {
      title: "CONTRACT",
      of: ({ contracts }) => {
        if (contracts.length === 0) return "unknown";
        if (contracts.length === 1) return { text: "same", tone: "good" };
        const odd = contracts.slice(1).flatMap((one) => one.hosts).join(" ");
        return differ(contracts)
          ? { text: `breaks at ${odd}`, tone: "bad" }
          : { text: `differs at ${odd}`, tone: "warning" };
      },
    },
    { title: "GUARDED", of: ({ isGuarded }) => isGuarded ? "yes" : "no" },
    { title: "RUNNING", of: ({ running }) => countText(running), isNumber: true },
    { title: "WAITING", of: ({ waiting }) => countText(waiting), isNumber: true },
    { title: "MOST", of: ({ concurrency }) => countText(concurrency), isNumber: true },
    {
      title: "SUBROUTES",
      of: ({ subroutes }) => subroutes.filter((each) => each !== "").join(" "),
      mayBeCut: true,
    },
  ];
}

/** The page of one contract, without the title of the page. */
function page(contract: ContractDescription): string {
  return markdown([contract]).replace(/^# .*\n\n/, "");
}

function readable(handler: AdminHandler): object {
  return { ...handler, description: contractOfHandler(handler) };
}

function schemasOf(contract: ContractDescription): object {
  const { name, kind } = contract;
  const shapes = contract.kind === "single"
    ? { request: contract.request, response: contract.response }
    : { initial: contract.initial, input: contract.input, output: contract.output };
  const schemas = Object.entries(shapes).flatMap(([key, shape]) =>
    shape === undefined ? [] : [[key, jsonSchema(shape)] as const]
  );
  return { name, kind, ...Object.fromEntries(schemas) };
}
