/** Options of what tests use, given values of wrong types. @module */

import {
  type ChaosOptions,
  type LinkOptions,
  type NodeClockOptions,
  SeededRandom,
  SimulatedCluster,
  type SimulatedClusterOptions,
  SimulatedNetwork,
  type SimulatedNetworkOptions,
  VirtualClock,
  type VirtualClockOptions,
} from "@internode/grid/testing";
import { type KindsOf, wrongOptions, wrongTypes } from "./wrong_types.ts";

wrongTypes<VirtualClockOptions>("VirtualClock", (options) => new VirtualClock(options), {
  startMs: "number",
  epochMs: "number",
  maxEventsPerInstant: "number",
});
wrongOptions("VirtualClock", (options) => new VirtualClock(options));
const view = (options: NodeClockOptions): unknown => new VirtualClock().view(options);
wrongTypes<NodeClockOptions>("VirtualClock.view", view, {
  wallOffsetMs: "number",
  startMs: "number",
  rate: "number",
});
wrongOptions("VirtualClock.view", view);
wrongTypes<{ seed: unknown }>("SeededRandom", ({ seed }) => new SeededRandom(seed as never), {
  seed: "number",
});

const LINK: KindsOf<LinkOptions> = {
  latencyMinMs: "number",
  latencyMaxMs: "number",
  bandwidthBytesPerMs: "number",
  stallEveryMs: "number",
  stallMs: "number",
  dialFailure: { good: [] },
  corruption: { good: [] },
};
const network = (options: Partial<SimulatedNetworkOptions>): SimulatedNetwork =>
  new SimulatedNetwork({ clock: new VirtualClock(), random: new SeededRandom(1), ...options });
const CHANNELS = {
  channels: { good: [] },
  pieces: { good: [] },
  bufferBytes: "number",
  integrity: "flag",
  resetDropsUnread: "number",
} as const;
wrongTypes<SimulatedNetworkOptions>("SimulatedNetwork", network, {
  ...CHANNELS,
  clock: "methods",
  random: "methods",
  link: "fields",
  history: "methods",
});
wrongOptions("SimulatedNetwork", (options) => new SimulatedNetwork(options));
wrongTypes<LinkOptions>("SimulatedNetwork.link", (link) => network({ link }), LINK);

type Options = SimulatedClusterOptions<{ close(): void }>;
const cluster = (options: Partial<Options>): SimulatedCluster<{ close(): void }> =>
  new SimulatedCluster({ nodes: 2, start: () => ({ close() {} }), ...options });
wrongTypes<Options>("SimulatedCluster", cluster, {
  ...CHANNELS,
  nodes: "number",
  start: "function",
  seed: "number",
  host: "function",
  link: "fields",
  nodeClock: "function",
  limitMs: "number",
});
wrongOptions("SimulatedCluster", (options) => new SimulatedCluster(options));
const chaos = (options: ChaosOptions): unknown => cluster({}).chaos(options);
wrongTypes<ChaosOptions>("SimulatedCluster.chaos", chaos, {
  seed: "number",
  meanIntervalMs: "number",
  minDurationMs: "number",
  maxDurationMs: "number",
  minHealthyNodes: "number",
  cut: "number",
  stall: "number",
  slow: "number",
  partition: "number",
  freeze: "number",
  crash: "number",
});
wrongOptions("SimulatedCluster.chaos", chaos);
