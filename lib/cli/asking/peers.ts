/**
 * Finds the peers of nodes.
 *
 * @module
 */

import type { World } from "../world/world.ts";
import type { AdminClient } from "../../admin/admin_client.ts";
import { type Answer, answered, askAll } from "./ask_all.ts";
import type { Tools } from "./tools.ts";

/**
 * Hosts, and behind them the peers that those of them name which are nodes of a
 * grid. A node that is given by another URL than its own counts once.
 */
export async function withPeers(
  hosts: readonly string[],
  tools: Tools,
  world: World,
): Promise<readonly string[]> {
  const answers = answered(
    await askAll(hosts, tools, world, (client) => client.status({ options: false })),
  );
  const names = new Set(answers.map(({ value }) => value.name));
  const peers = answers.filter(({ value }) => value.kind === "grid")
    .flatMap(({ value }) => value.remotes.map(({ host }) => host))
    .filter((host) => !names.has(host));
  return [...new Set([...hosts, ...peers])];
}

/**
 * Asks hosts and their peers: the hosts at once, side by side with the question
 * for their peers, so that one that is frozen takes its time once.
 *
 * @param limitMs How long each may take. Default: the settings' time limit.
 * @returns Resolves with the answers, those of the hosts first. Rejects as {@linkcode askAll}.
 */
export async function askWithPeers<Value>(
  hosts: readonly string[],
  tools: Tools,
  world: World,
  one: (client: AdminClient, host: string) => Promise<Value>,
  limitMs: number = tools.timeoutMs,
): Promise<readonly Answer<Value>[]> {
  const [answers, others] = await Promise.all([
    askAll(hosts, tools, world, one, limitMs),
    withPeers(hosts, tools, world).then((all) =>
      askAll(all.filter((host) => !hosts.includes(host)), tools, world, one, limitMs)
    ),
  ]);
  return [...answers, ...others];
}
