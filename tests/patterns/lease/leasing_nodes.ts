/**
 * Nodes with leases, on virtual time.
 *
 * @module
 */

import { Manager } from "@internode/grid";
import { type GridLeases, gridLeases, type GridLeasesOptions } from "@internode/grid/patterns";
import { SimulatedCluster } from "@internode/grid/testing";
import { QuietLogger } from "../../support/log/quiet.ts";

/** How long their leases last. */
export const TTL_MS = 1_000;
/** After so long all voters vote, and connections are made. */
export const READY_MS = 2 * TTL_MS;

/** A node, and what it logs. */
export class LeasingNode {
  readonly logger = new QuietLogger();
  readonly manager: Manager;
  readonly leases: GridLeases;

  constructor(manager: Manager, leases: (logger: QuietLogger) => GridLeases) {
    this.manager = manager;
    this.leases = leases(this.logger);
  }

  async close(): Promise<void> {
    await this.leases.close();
    await this.manager.close({ graceMs: 0 });
  }
}

/** All nodes. */
export type Cluster = SimulatedCluster<LeasingNode>;

/** Runs a test with nodes of which the first three vote. */
export async function withNodes(
  body: (cluster: Cluster) => Promise<void>,
  { nodes = 3, options = {} }: {
    nodes?: number;
    options?: (index: number) => GridLeasesOptions;
  } | { nodes?: number; options?: object } = {},
): Promise<void> {
  const cluster: Cluster = new SimulatedCluster<LeasingNode>({
    nodes,
    seed: 1,
    start: async ({ host, hosts, clock, random, transports, index }) => {
      const logger = new QuietLogger();
      const manager = new Manager({ local: host, hosts, clock, random, transports, logger });
      const more = typeof options === "function" ? options(index) : options;
      const node = new LeasingNode(manager, (logger) =>
        gridLeases(manager, {
          voters: hosts.slice(0, 3),
          ttlMs: TTL_MS,
          clock,
          random,
          logger,
          ...more,
        }));
      await manager.listen();
      return node;
    },
  });
  await cluster.run(async () => {
    await cluster.start();
    await body(cluster);
  });
  await cluster.close();
}

/** The leases of a node. */
export const leasesOf = (cluster: Cluster, index: number): GridLeases => cluster.node(index).leases;
