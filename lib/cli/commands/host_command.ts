/**
 * What commands that ask hosts have in common.
 *
 * @module
 */

import type { AdminClient } from "../../admin/admin_client.ts";
import { flag, type Option } from "../arguments/option.ts";
import { type Answer, answered, askAll, notesOf, statusOf } from "../asking/ask_all.ts";
import { hostsOf } from "../asking/hosts.ts";
import { askWithPeers, withPeers } from "../asking/peers.ts";
import { Tools } from "../asking/tools.ts";
import type { Operand } from "../arguments/command.ts";
import {
  CONNECTION_OPTIONS,
  type ConnectionGiven,
  type ConnectionOptions,
  OUTPUT_OPTIONS,
  type OutputOptions,
} from "../context/connection_settings.ts";
import { readSettings } from "../context/read_settings.ts";
import type { Column } from "../output/table.ts";
import type { World } from "../world/world.ts";

/** The hosts that are asked. */
export const HOSTS: Operand = {
  name: "HOST",
  about: "whom to ask, by URL; else all hosts of the context",
  isOptional: true,
  isRepeated: true,
};

/** The options of commands that ask hosts and print what they say. */
export const HOST_OPTIONS: OutputOptions & ConnectionOptions = {
  ...OUTPUT_OPTIONS,
  ...CONNECTION_OPTIONS,
};

/** The option of commands that may ask a whole grid. */
export const PEERS_OPTION: Readonly<Record<"peers", Option<boolean>>> = {
  peers: flag("asks the peers that nodes name, too: of a grid one host is enough"),
};

/** What {@linkcode withTools} gives. */
export interface Asking {
  /** The hosts' URLs. */
  readonly hosts: readonly string[];
  /** Makes clients of them. */
  readonly tools: Tools;
}

/** What says whom to ask, and how. */
export type HostsGiven = ConnectionGiven & {
  /** Whether peers are asked, too. Default: `false`. */
  readonly peers?: boolean | undefined;
};

/** Finds the hosts, and has something done with them. */
export async function withTools<Result>(
  operands: readonly string[],
  given: HostsGiven,
  world: World,
  work: (asking: Asking) => Promise<Result>,
): Promise<Result> {
  const settings = await readSettings(given, world);
  const listed = await hostsOf(operands, settings, world);
  await using tools = await Tools.open(settings, world);
  const hosts = given.peers === true ? await withPeers(listed, tools, world) : listed;
  return await work({ hosts, tools });
}

/**
 * Asks each host the same, and its peers if that is wanted.
 *
 * @param longerMs How much longer than the time limit each may take, in milliseconds. Default: 0.
 */
export function ask<Value>(
  operands: readonly string[],
  given: HostsGiven,
  world: World,
  one: (client: AdminClient, host: string) => Promise<Value>,
  longerMs: number = 0,
): Promise<readonly Answer<Value>[]> {
  return withTools(operands, { ...given, peers: false }, world, ({ hosts, tools }) => {
    const askThem = given.peers === true ? askWithPeers : askAll;
    return askThem(hosts, tools, world, one, tools.timeoutMs + longerMs);
  });
}

/** Answers as JSON: what a host has said stands beside its name. */
export function jsonOf<Value extends object>(answers: readonly Answer<Value>[]): readonly object[] {
  return answers.map((each) =>
    each.problem === undefined ? { host: each.host, ...each.value } : each
  );
}

/** Prints answers, a row for each host. Gives the exit status: whether all have answered. */
export async function showAnswers<Value extends object>(
  answers: readonly Answer<Value>[],
  columns: readonly Column<Value & { readonly host: string }>[],
  isJson: boolean,
  { printer }: World,
): Promise<number> {
  const rows = answered(answers).map(({ host, value }) => ({ host, ...value }));
  if (isJson) await printer.json(jsonOf(answers));
  else await printer.table(columns, rows, notesOf(answers));
  return statusOf(answers);
}
