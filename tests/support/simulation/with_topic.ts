/**
 * Topics on virtual time.
 *
 * @module
 */

import type { Manager } from "@internode/grid";
import type { JoinedTopic, Topic } from "@internode/grid/patterns";
import type { SimulatedCluster } from "@internode/grid/testing";
import { type GridSetup, simulatedGrid } from "./simulated_grid.ts";

/** Nodes that have joined a topic. */
export interface TopicWorld<T> {
  readonly grid: SimulatedCluster<Manager>;
  /** By node. */
  readonly joined: readonly JoinedTopic<T>[];
  /** Waits until so many nodes subscribe at a node. */
  subscribed(at: number, nodes: number): Promise<void>;
  /** Lets everything arrive. */
  settle(): Promise<void>;
}

/**
 * Runs a test against nodes that have joined a topic; afterwards nothing may be left of them.
 *
 * @param made The topic, or that of each node.
 */
export async function withTopic<T>(
  made: Topic<T> | readonly Topic<T>[],
  setup: Omit<GridSetup, "serve">,
  body: (world: TopicWorld<T>) => Promise<void>,
): Promise<void> {
  const joined: JoinedTopic<T>[] = [];
  const grid = simulatedGrid({
    ...setup,
    serve: (manager, { index, clock, random }) => {
      const own = "length" in made ? made[index]! : made;
      joined[index] = own.join(manager, { clock, random });
    },
  });
  await grid.run(async () => {
    await grid.start();
    const { clock } = grid;
    const subscribed = (at: number, many: number): Promise<void> =>
      clock.runUntil(() => joined[at]!.stats().nodes.length === many, 60_000);
    const settle = (): Promise<void> => clock.advance(200);
    await body({ grid, joined, subscribed, settle });
    for (const one of joined) one.close();
  });
  await grid.close();
}
