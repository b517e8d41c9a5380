/**
 * Simulations: run your own nodes in a cluster of any size inside one process,
 * on virtual time, with cuts, stalls, slow links, partitions, frozen and
 * crashed nodes, all replayable from one number.
 *
 * Give a `Manager` its `clock`, `random` and `transports` from here instead of
 * the system's and it runs in the simulation, unchanged.
 *
 * @example A hundred virtual seconds of chaos, the same ones each time
 * ```ts
 * import { SimulatedCluster } from "@internode/grid/testing";
 * import { assertEquals } from "@std/assert";
 *
 * async function play(seed: number): Promise<string> {
 *   const cluster = new SimulatedCluster({ nodes: 5, seed, start: () => ({ close() {} }) });
 *   await cluster.run(async () => {
 *     await cluster.start();
 *     const chaos = cluster.chaos({ crash: 4, partition: 2 });
 *     await cluster.clock.advance(100_000);
 *     await chaos.stop();
 *   });
 *   await cluster.close();
 *   return cluster.history.digest;
 * }
 *
 * assertEquals(await play(7), await play(7));
 * ```
 *
 * @module
 */

export type { CrashKind } from "./network/simulated_host.ts";
export {
  Chaos,
  type ChaosOptions,
  type ChaosTarget,
  type FaultKind,
  type FaultWeights,
} from "./chaos.ts";
export { History, type HistoryEntry } from "./network/history.ts";
export type { LinkOptions } from "./network/link.ts";
export type { ChannelOptions } from "./network/network_core.ts";
export type { NodeClock, NodeClockOptions } from "./time/node_clock.ts";
export { runSeeded, type SeededRun, SimulationFailure } from "./run_seeded.ts";
export { SeededRandom } from "./time/seeded_random.ts";
export {
  type Closable,
  SimulatedCluster,
  type SimulatedClusterOptions,
  type SimulatedNode,
} from "./simulated_cluster.ts";
export { SimulatedNetwork, type SimulatedNetworkOptions } from "./network/simulated_network.ts";
export { VirtualClock, type VirtualClockOptions } from "./time/virtual_clock.ts";
