/**
 * What commands that ask hosts have in common.
 *
 * @module
 */

import type { AdminClient } from "../../admin/admin_client.ts";
import { type Answer, askAll } from "../asking/ask_all.ts";
import { hostsOf } from "../asking/hosts.ts";
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

/** What {@linkcode withTools} gives. */
export interface Asking {
  /** The hosts' URLs. */
  readonly hosts: readonly string[];
  /** Makes clients of them. */
  readonly tools: Tools;
}

/** Finds the hosts, and has something done with them. */
export async function withTools<Result>(
  operands: readonly string[],
  given: ConnectionGiven,
  world: World,
  work: (asking: Asking) => Promise<Result>,
): Promise<Result> {
  const settings = await readSettings(given, world);
  const hosts = await hostsOf(operands, settings, world);
  await using tools = await Tools.open(settings, world);
  return await work({ hosts, tools });
}

/** Asks each host the same. */
export function ask<Value>(
  operands: readonly string[],
  given: ConnectionGiven,
  world: World,
  one: (client: AdminClient, host: string) => Promise<Value>,
): Promise<readonly Answer<Value>[]> {
  return withTools(operands, given, world, ({ hosts, tools }) => askAll(hosts, tools, world, one));
}

/** Answers as JSON: what a host has said stands beside its name. */
export function jsonOf<Value extends object>(answers: readonly Answer<Value>[]): readonly object[] {
  return answers.map(({ host, problem, ...rest }) =>
    problem === undefined ? { host, ...(rest as { value: Value }).value } : { host, problem }
  );
}
