/**
 * A history of nodes that want leases, while nodes die, freeze and are cut off,
 * clocks run apart, and hosts leave lists and come back.
 *
 * What must hold: see `lease_ledger.ts`; and once the faults are over each name
 * is held within a few times of a lease, also when its holder dies or closes.
 *
 * In most histories a majority of voters keeps its memory at any time, and wall
 * clocks are off by minutes. In the others any number of voters dies, and
 * wall clocks are off by less than half a lease's time.
 *
 * @module
 */

import { SeededRandom, SimulatedCluster } from "@internode/grid/testing";
import type { Timer } from "../../../lib/runtime/clock.ts";
import { type Gain, LeaseLedger } from "./lease_ledger.ts";
import { LeaseNode, type LeaseRole, type Spoiler } from "./lease_node.ts";

/** Handshakes take up to 300 s between two nodes. */
const WALL_MS = 140_000;
/** Rates from 1 less this to 1 more are less than a twentieth apart. */
const DRIFT = 0.024;
const CONNECT_MS = 120_000;
const LOOK_MS = 20;
/** A lease that was not given up runs out, and those who want it may be in each other's way. */
const DUEL_TTLS = 4;
/** In half of the histories nobody shares; in the others most do. */
const ROLES: readonly LeaseRole[] = ["leader", "singleton", "lease", "lease"];
const SHARING: readonly LeaseRole[] = [
  "leader",
  "singleton",
  "lease",
  "shared",
  "shared",
  "shared",
];

/** What is wrong on purpose. */
export interface LeaseFaults {
  readonly spoil?: Spoiler;
  /** How fast the first node's clock runs. */
  readonly firstRate?: number;
}

/** Plays one history, and gives its digest. Rejects with what must not have happened. */
export async function playLeases(seed: number, faults: LeaseFaults = {}): Promise<string> {
  const history = new LeaseHistory(seed, faults);
  await history.cluster.run(() => history.play());
  await history.cluster.close();
  history.judge();
  return history.cluster.history.digest;
}

class LeaseHistory {
  readonly cluster: SimulatedCluster<LeaseNode>;
  readonly #random: SeededRandom;
  readonly #ledger: LeaseLedger;
  readonly #ttlMs: number;
  readonly #voters: number;
  readonly #keepsMemory: boolean;
  readonly #names: readonly string[];

  constructor(seed: number, { spoil, firstRate }: LeaseFaults) {
    const random = this.#random = new SeededRandom(seed);
    const voters = this.#voters = random.pick([1, 3, 3, 3, 5]);
    const nodes = voters + random.int(voters === 1 ? 1 : 0, 2);
    const ttlMs = this.#ttlMs = random.pick([300, 1_000, 2_000]);
    const keeps = this.#keepsMemory = voters > 1 && random.chance(0.75);
    const names = this.#names = random.chance(0.5) ? ["a"] : ["a", "b"];
    const ledger = this.#ledger = new LeaseLedger({
      isFrozen: (node) => this.cluster.isFrozen(node),
    });
    const wanted = random.chance(0.5) ? ROLES : SHARING;
    const roles: (readonly (readonly [string, LeaseRole])[])[] = [];
    for (let index = 0; index < nodes; index++) {
      roles.push(
        names.filter((name) => name !== "a" || index < 2 || random.chance(0.7)).map(
          (name) => [name, random.pick(wanted)] as const,
        ),
      );
    }
    const wallMs = keeps ? WALL_MS : ttlMs / 5, drift = keeps ? DRIFT : 0.001;
    this.cluster = new SimulatedCluster<LeaseNode>({
      nodes,
      seed,
      nodeClock: (index, own) => ({
        wallOffsetMs: own.float(-wallMs, wallMs),
        startMs: own.float(0, WALL_MS),
        rate: index === 0 && firstRate !== undefined ? firstRate : own.float(1 - drift, 1 + drift),
      }),
      start: async (node) => {
        const made = new LeaseNode({
          node,
          voters: node.hosts.slice(0, voters),
          ttlMs,
          ledger,
          roles: roles[node.index]!,
          spoil,
        });
        await made.start();
        return made;
      },
    });
  }

  async play(): Promise<void> {
    const { clock } = this.cluster, random = this.#random, ttlMs = this.#ttlMs;
    await this.cluster.start();
    const watch = this.#watch();
    await clock.advance(random.pick([0, 2 * ttlMs]));
    const windowMs = random.float(4, 12) * ttlMs;
    const troubles = Array.from({ length: random.int(0, 6) }, () => this.#trouble(windowMs));
    await clock.advance(windowMs);
    await Promise.all(troubles);
    await this.#recover();
    for (const name of this.#names) await this.#handOver(name);
    watch();
  }

  judge(): void {
    const { wrongs } = this.#ledger;
    if (wrongs.length === 0) return;
    throw new Error(
      `${wrongs.length} wrongs (seed ${this.cluster.seed}): ${wrongs.slice(0, 5).join("; ")}`,
    );
  }

  /** Looks again and again, until it is ended. */
  #watch(): () => void {
    const { clock } = this.cluster;
    let timer: Timer;
    const look = (): void => {
      this.#ledger.look();
      timer = clock.setTimer(LOOK_MS, look);
    };
    look();
    return () => clock.clearTimer(timer);
  }

  /** All are there and connected; then each name is held soon. */
  async #recover(): Promise<void> {
    const { cluster } = this, { clock } = cluster;
    cluster.heal();
    for (let index = 0; index < cluster.size; index++) {
      if (!cluster.isRunning(index)) await cluster.restart(index);
      cluster.node(index).manager.setHosts(cluster.hosts);
    }
    const isConnected = (): boolean =>
      cluster.running.every((index) =>
        cluster.node(index).manager.connections().every(({ state }) => state === "connected")
      );
    await clock.runUntil(isConnected, CONNECT_MS, "all nodes to be connected");
    for (const name of this.#names) await this.#untilHeld(name, 6, () => true);
  }

  async #untilHeld(name: string, ttls: number, isGood: (gain: Gain) => boolean): Promise<void> {
    const isHeld = (): boolean => this.#ledger.holders(name).some(isGood);
    if (isHeld()) return;
    await this.cluster.clock.runUntil(isHeld, ttls * this.#ttlMs, `${name} to be held`);
  }

  /** Whoever has it dies, freezes, closes, or gives it up again and again while a voter is frozen. */
  async #handOver(name: string): Promise<void> {
    const { cluster } = this, ttlMs = this.#ttlMs;
    const [holder] = this.#ledger.holders(name);
    if (holder === undefined || cluster.size < 2 || this.#voters === 1) return;
    const { node } = holder,
      way = this.#random.pick(["closes", "dies", "freezes", "duel"] as const);
    if (
      !cluster.running.filter((index) => index < this.#voters).every((index) =>
        cluster.node(index).votes
      )
    ) return;
    if (way === "duel") return await this.#duel(holder);
    if (way === "freezes") {
      cluster.freeze(node);
      await this.#untilHeld(name, DUEL_TTLS, (other) => other.node !== node);
      cluster.thaw(node);
      return;
    }
    if (way === "closes") await cluster.node(node).close();
    cluster.crash(node);
    this.#ledger.died(node);
    await this.#untilHeld(name, 4, (other) => other.node !== node);
    await cluster.clock.advance(ttlMs);
    await cluster.restart(node);
    const isBack = (): boolean => node >= this.#voters || cluster.node(node).votes;
    await cluster.clock.runUntil(isBack, CONNECT_MS + 3 * ttlMs, "the node to vote again");
  }

  /** All who want it ask at one time, again and again, and of one voter nobody hears. */
  async #duel({ node, lease: { name } }: Gain): Promise<void> {
    const { cluster } = this, random = this.#random;
    const frozen = random.pick(
      Array.from({ length: this.#voters }, (_, at) => at).filter((at) => at !== node),
    );
    cluster.freeze(frozen);
    for (let round = random.int(1, 3); round > 0; round--) {
      const held = this.#ledger.holders(name).filter((gain) => gain.node !== frozen);
      const highest = Math.max(0, ...held.map(({ lease }) => lease.token));
      for (const { lease } of held) void lease.release();
      await this.#untilHeld(
        name,
        DUEL_TTLS,
        (gain) => gain.node !== frozen && gain.lease.token > highest,
      );
      await cluster.clock.advance(random.float(0, 2) * this.#ttlMs);
    }
    cluster.thaw(frozen);
  }

  async #trouble(windowMs: number): Promise<void> {
    const { cluster } = this, { clock, size } = cluster, random = this.#random;
    const kind = random.pick(
      ["cut", "stall", "partition", "slow", "freeze", "crash", "shift", "shift", "hosts"] as const,
    );
    const drawn = random.int(0, size - 1), further = random.int(1, size - 1);
    const aimed = random.chance(0.5), name = random.pick(this.#names);
    const lastsMs = random.float(0.1, 3) * this.#ttlMs,
      way = random.pick(["both", "oneWay"] as const);
    await clock.advance(random.float(0, windowMs));
    // Holders are where it hurts.
    const a = aimed ? this.#ledger.holders(name)[0]?.node ?? drawn : drawn;
    const b = (a + further) % size;
    switch (kind) {
      case "cut":
        cluster.cut(a, b);
        break;
      case "stall":
        cluster.stall(a, b, way);
        await clock.advance(lastsMs);
        cluster.resume(a, b);
        break;
      case "partition":
        cluster.partition([random.chance(0.5) ? [a] : [a, b]], way);
        await clock.advance(lastsMs);
        cluster.partition([]);
        break;
      case "slow":
        cluster.network.setLink(cluster.hosts[a]!, cluster.hosts[b]!, { latencyMaxMs: lastsMs });
        await clock.advance(lastsMs);
        cluster.network.setLink(cluster.hosts[a]!, cluster.hosts[b]!, null);
        break;
      case "freeze":
        if (!cluster.isRunning(a) || cluster.isFrozen(a)) return;
        cluster.freeze(a);
        await clock.advance(lastsMs);
        if (cluster.isRunning(a) && cluster.isFrozen(a)) cluster.thaw(a);
        break;
      case "crash":
        await this.#die(a, lastsMs);
        break;
      case "shift":
        await this.#shift(a, lastsMs);
        break;
      case "hosts":
        this.#list(a, cluster.hosts.filter((_, at) => at !== b));
        await clock.advance(lastsMs);
        this.#list(a, cluster.hosts);
    }
  }

  async #die(node: number, lastsMs: number): Promise<void> {
    const { cluster } = this;
    if (!this.#mayDie(node)) return;
    cluster.crash(node, this.#random.pick(["close", "reset", "silent"]));
    this.#ledger.died(node);
    if (lastsMs > 0) await cluster.clock.advance(lastsMs);
    if (!cluster.isRunning(node)) await cluster.restart(node);
  }

  /**
   * A majority that is the next one's but for voters that know nothing: some
   * voters miss what the others do, and then are left with one of those that
   * has just died, cut off from the rest.
   */
  async #shift(last: number, lastsMs: number): Promise<void> {
    const { cluster } = this, random = this.#random;
    const others = random.shuffle(
      Array.from({ length: this.#voters }, (_, at) => at).filter((at) => at !== last),
    );
    const missing = others.splice(0, Math.floor((this.#voters - 1) / 2)), [dies] = others;
    if (dies === undefined) return;
    cluster.partition([missing]);
    await cluster.clock.advance(lastsMs);
    const rest = Array.from({ length: cluster.size }, (_, at) => at)
      .filter((at) => at !== dies && !missing.includes(at) && at < this.#voters);
    cluster.partition([rest]);
    await this.#die(dies, 0);
    await cluster.clock.advance(random.float(1, 3) * this.#ttlMs);
    cluster.partition([]);
  }

  #list(node: number, hosts: readonly string[]): void {
    const { cluster } = this;
    if (!cluster.isRunning(node) || cluster.isFrozen(node)) return;
    cluster.node(node).manager.setHosts(hosts, { graceMs: 0 });
  }

  #mayDie(node: number): boolean {
    const { cluster } = this;
    if (!cluster.isRunning(node)) return false;
    const started = cluster.running.filter((index) => isStarted(cluster, index));
    if (!started.includes(node)) return false;
    if (!this.#keepsMemory || node >= this.#voters || !cluster.node(node).votes) return true;
    const left = started.filter((index) =>
      index !== node && index < this.#voters && cluster.node(index).votes
    );
    return left.length > this.#voters / 2;
  }
}

/** A node may be between its start and the end of it. */
function isStarted(cluster: SimulatedCluster<LeaseNode>, index: number): boolean {
  try {
    return cluster.node(index) !== null;
  } catch {
    return false;
  }
}
