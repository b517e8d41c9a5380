/**
 * One history of a simulated cluster: a time of chaos with calls all the
 * while, then peace, in which everything has to come right again.
 *
 * @module
 */

import { type ManagerOptions, sharedSecret } from "@internode/grid";
import { type Chaos, SeededRandom, SimulatedCluster } from "@internode/grid/testing";
import { Ledger } from "./ledger.ts";
import { Talker } from "./talker.ts";

/** How long after all is repaired every pair is connected again, in virtual milliseconds. */
const RECOVERY_MS = 60_000;
/** How long the last calls may take to end. */
const LAST_CALLS_MS = 30_000;
/** How long it may take until nothing of them is left anywhere. */
const QUIET_MS = 60_000;

/** What is not drawn from the seed. */
export interface PlayOptions {
  readonly nodes?: number;
  /** How long the chaos lasts, in virtual milliseconds. Default: 30,000. */
  readonly chaosMs?: number;
}

/** What came of it. */
export interface Played {
  readonly seed: number;
  readonly nodes: number;
  readonly calls: number;
  readonly fates: Readonly<Record<string, number>>;
  readonly faults: Chaos["counts"];
  /** Stands for all that happened on the network and to every call. */
  readonly digest: string;
}

/**
 * Plays the history of a seed.
 *
 * @throws {SimulationFailure} With the seed, if anything is not as it must be.
 */
export async function play(seed: number, options: PlayOptions = {}): Promise<Played> {
  const random = new SeededRandom(seed);
  const nodes = options.nodes ?? 2 + Math.floor(random.next() ** 2 * 11);
  const corrupts = random.chance(0.3), ages = agesOf(seed);
  const ledger = new Ledger(() => cluster.clock.now());
  const talk = {
    meanPauseMs: random.float(20, 200) * nodes / 4,
    maxCalls: 8,
    manager: {
      // Hellos travel without a checksum; the proofs are what shows that they were changed.
      ...(corrupts && { auth: sharedSecret("the cluster's secret") }),
      ...(random.chance(0.3) && {
        limits: { receiveBudgetBytes: 400_000, maxMessageBytes: 340_000, maxCalls: 4 },
      }),
      ...(random.chance(0.3) && { pingIntervalMs: 1_000, livenessTimeoutMs: 3_000 }),
      ...ages,
    },
  };
  const cluster: SimulatedCluster<Talker> = new SimulatedCluster<Talker>({
    nodes,
    seed,
    channels: random.pick(["bytes", "messages", "mixed"] as const),
    bufferBytes: random.pick([16_384, 262_144]),
    link: {
      latencyMaxMs: random.pick([1, 20]),
      dialFailure: random.pick([0, 0.1]),
      corruption: corrupts ? 0.0005 : 0,
    },
    nodeClock: (_, own) => ({
      startMs: own.int(0, 1e6),
      wallOffsetMs: own.int(-5_000, 5_000),
      rate: own.float(0.99, 1.01),
    }),
    start: (node) => Talker.start(node, ledger, talk),
  });
  ledger.follow(cluster);
  let faults: Chaos["counts"] | null = null;
  await cluster.run(async () => {
    await cluster.start();
    await connected(cluster);
    const chaos = cluster.chaos({ meanIntervalMs: 600, maxDurationMs: 15_000 });
    await cluster.clock.advance(options.chaosMs ?? 30_000);
    await chaos.stop();
    faults = chaos.counts;
    cluster.network.setDefaultLink({ corruption: 0, dialFailure: 0 });
    await connected(cluster);
    for (const index of cluster.running) cluster.node(index).rest();
    await cluster.clock.runUntil(() => ledger.pending === 0, LAST_CALLS_MS, "the end of all calls");
    // Answers to calls long given up are still on their way, over links that were slow a while ago.
    const quietMs = cluster.clock.now() + QUIET_MS;
    // Handlers that were cancelled may pause to their end.
    await cluster.clock.advance(5_000);
    while (unrest(cluster, ages !== null).length > 0 && cluster.clock.now() < quietMs) {
      await cluster.clock.advance(1_000);
    }
    ledger.finish();
    for (const [host, what] of unrest(cluster, ages !== null)) ledger.violate(host, what);
    if (ledger.violations.length > 0) throw new Error(ledger.violations.slice(0, 10).join("\n"));
  });
  await cluster.close();
  const digest = `${cluster.history.digest} ${ledger.history.digest}`;
  return { seed, nodes, calls: ledger.calls, fates: ledger.fates, faults: faults!, digest };
}

/** Waits until each node is connected with each other one. */
async function connected(cluster: SimulatedCluster<Talker>): Promise<void> {
  const all = cluster.running.map((index) =>
    cluster.node(index).manager.waitForConnect({ timeoutMs: RECOVERY_MS })
  );
  await Promise.all(all);
}

/** Connections are renewed in the histories of some seeds. */
function agesOf(
  seed: number,
): Pick<ManagerOptions, "maxConnectionAgeMs" | "renewalGraceMs"> | null {
  const random = new SeededRandom(seed + 1_000_003);
  return random.chance(0.5)
    ? {
      maxConnectionAgeMs: random.float(1_000, 10_000),
      renewalGraceMs: random.pick([2_000, 60_000]),
    }
    : null;
}

/**
 * In peace there is one connection for each pair, and perhaps one that was
 * renewed just now, with nothing on them; this is what is otherwise.
 */
function unrest(
  cluster: SimulatedCluster<Talker>,
  renews: boolean,
): [host: string, what: string][] {
  const found: [string, string][] = [];
  for (const index of cluster.running) {
    const { manager } = cluster.node(index), { local } = manager;
    const open = cluster.network.openConnections(local);
    const pairs = cluster.size - 1;
    if (open < pairs || open > (renews ? 2 * pairs : pairs)) {
      found.push([local, `has ${open} connections`]);
    }
    for (const connection of manager.connections()) {
      const { state, callsOut, callsIn, streamsOpen, queuedBytes } = connection.stats();
      const left = [state, callsOut, callsIn, streamsOpen, queuedBytes].join();
      if (left !== "connected,0,0,0,0") found.push([local, `has with ${connection.host}: ${left}`]);
    }
  }
  return found;
}
