/**
 * Managers on virtual time, for tests of the grid.
 *
 * @module
 */

import { Manager, type ManagerOptions } from "@internode/grid";
import {
  SimulatedCluster,
  type SimulatedClusterOptions,
  type SimulatedNode,
} from "@internode/grid/testing";
import { dials } from "../../../lib/grid/dialler.ts";
import { QuietLogger } from "../log/quiet.ts";

/** How a grid is set up. */
export interface GridSetup extends Partial<Omit<SimulatedClusterOptions<Manager>, "start">> {
  /** Options of each node. */
  options?: (node: SimulatedNode) => Partial<ManagerOptions>;
  /** Registers handlers, before the node listens. */
  serve?: (manager: Manager, node: SimulatedNode) => void;
  /** Whether a node listens at once. Default: all do. */
  listens?: (node: SimulatedNode) => boolean;
}

/** A cluster of managers. The hosts are named so that node 0 dials node 1. */
export function simulatedGrid(setup: GridSetup = {}): SimulatedCluster<Manager> {
  const { options, serve, listens, ...cluster } = setup;
  return new SimulatedCluster<Manager>({
    nodes: 2,
    seed: 1,
    host: dialledByFirst(cluster.nodes ?? 2),
    ...cluster,
    start: async (node) => {
      const { host, hosts, clock, random, transports } = node;
      const manager = new Manager({
        local: host,
        hosts,
        clock,
        random,
        transports,
        logger: new QuietLogger(),
        ...options?.(node),
      });
      serve?.(manager, node);
      if (listens?.(node) ?? true) await manager.listen();
      return manager;
    },
  });
}

/** Runs a test against two connected nodes; afterwards nothing may be left of them. */
export async function withPair(
  setup: GridSetup,
  body: (grid: SimulatedCluster<Manager>) => Promise<void>,
): Promise<void> {
  const grid = simulatedGrid(setup);
  await grid.run(async () => {
    await grid.start();
    await Promise.all(grid.running.map((index) => grid.node(index).waitForConnect()));
    await body(grid);
  });
  await grid.close();
}

/** Names of which the second is dialled by the first. */
function dialledByFirst(nodes: number): (index: number) => string {
  const first = "memory://node-1";
  let second = 2;
  while (!dials(first, `memory://node-${second}`)) second++;
  return (index) => {
    if (nodes > 2) return `memory://node-${index + 1}`;
    return index === 0 ? first : `memory://node-${second}`;
  };
}
