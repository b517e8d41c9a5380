/**
 * Compares contracts.
 *
 * @module
 */

import { isOwnError } from "../../foreign/own_error.ts";
import { messageOf } from "../../foreign/text_of.ts";
import { breaking } from "../../reflection/breaking.ts";
import { type ContractSet, descriptionsOf } from "../../reflection/snapshot.ts";
import { type Command, command, type Operand } from "../arguments/command.ts";
import { UsageError } from "../arguments/usage_error.ts";
import type { ConnectionGiven } from "../context/connection_settings.ts";
import { NO, OK } from "../world/exit_status.ts";
import type { Column } from "../output/table.ts";
import type { World } from "../world/world.ts";
import { HOST_OPTIONS, withTools } from "./host_command.ts";
import { contractsOf } from "../asking/described.ts";

type Change = ReturnType<typeof breaking>[number];

const WHAT = "a snapshot's FILE, or the URL of a host";
const OPERANDS: readonly Operand[] = [
  { name: "OLD", about: `the older contracts: ${WHAT}` },
  { name: "NEW", about: `the newer contracts: ${WHAT}` },
];

const COLUMNS: readonly Column<Change>[] = [
  {
    title: "CHANGE",
    of: ({ compatible }) =>
      compatible ? { text: "compatible", tone: "good" } : { text: "breaking", tone: "bad" },
  },
  { title: "CONTRACT", of: ({ contract }) => contract },
  { title: "WHERE", of: ({ path }) => path },
  { title: "WHY", of: ({ text }) => text },
];

/** `internode breaking`. */
export const breakingCommand: Command = command({
  name: "breaking",
  about: "Compares contracts: which changes old and new nodes do not understand.",
  details:
    `Files are those that "describe --snapshot" prints, or "snapshot" of @internode/grid/reflection. The exit status is 1 if a change breaks.`,
  operands: OPERANDS,
  options: HOST_OPTIONS,
  examples: [
    { line: "breaking contracts.json tcp://10.0.0.1:9000", about: "A node against a stored file" },
    {
      line: "breaking tcp://10.0.0.1:9000 tcp://10.0.0.2:9000",
      about: "Do two nodes run contracts that understand each other?",
    },
  ],
  async run({ operands: [old, now], options }, world) {
    const [before, after] = await Promise.all(
      [old!, now!].map((each) => read(each, options, world)),
    );
    const changes = breaking(before!, after!);
    const isBreaking = changes.some(({ compatible }) => !compatible);
    if (options.json) await world.printer.json({ breaking: isBreaking, changes });
    else if (changes.length === 0) await world.printer.print("There are no changes.\n");
    else await world.printer.table(COLUMNS, changes);
    return isBreaking ? NO : OK;
  },
});

async function read(
  operand: string,
  options: ConnectionGiven,
  world: World,
): Promise<ContractSet> {
  if (operand.includes("://")) {
    return await withTools([operand], options, world, async ({ tools }) => {
      await using client = await tools.connect(operand);
      return contractsOf((await client.describe()).handlers);
    });
  }
  try {
    return descriptionsOf(await world.files.readTextFile(operand, world.signal));
  } catch (error) {
    const reason = messageOf(error);
    throw new UsageError(
      isOwnError(error) ? `${operand}: ${reason}.` : `${operand} cannot be read: ${reason}.`,
    );
  }
}
