/**
 * Finds the peers of nodes.
 *
 * @module
 */

import type { World } from "../world/world.ts";
import { answered, askAll } from "./ask_all.ts";
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
