/**
 * Faults at random.
 *
 * @module
 */

import { invalidArgument } from "../errors.ts";
import type { Timer } from "../runtime/clock.ts";
import type { CrashKind } from "./network/simulated_host.ts";
import type { SeededRandom } from "./time/seeded_random.ts";
import type { VirtualClock } from "./time/virtual_clock.ts";
import type { SimulatedNetwork } from "./network/simulated_network.ts";
import { finite, notNegative, optionsOf, positive } from "../foreign/option_checks.ts";

/** The kinds of fault, each with how often it comes in proportion to the others. */
export interface FaultWeights {
  /** All connections between two nodes break. Default: 4. */
  cut: number;
  /** Bytes between two nodes stop, in one or both directions. Default: 3. */
  stall: number;
  /** A link becomes slow and narrow. Default: 3. */
  slow: number;
  /** The cluster falls apart into two groups, now and then in one direction only. Default: 1. */
  partition: number;
  /** A node's event loop stands still. Default: 2. */
  freeze: number;
  /** A node dies and comes back later. Default: 2. */
  crash: number;
}

/** A kind of fault. */
export type FaultKind = keyof FaultWeights;

/** How a {@linkcode Chaos} goes about it. */
export interface ChaosOptions extends Partial<FaultWeights> {
  /** A seed of its own, to vary the faults alone. Default: drawn from the cluster's. */
  seed?: number;
  /** How long from one fault to the next on average, in milliseconds. Default: 500. */
  meanIntervalMs?: number;
  /** The least a fault lasts, in milliseconds. Default: 50. */
  minDurationMs?: number;
  /** The most, in milliseconds; short ones are as frequent as long ones, by orders of magnitude. Default: 30,000. */
  maxDurationMs?: number;
  /** How many nodes stay neither frozen nor crashed. Default: more than half. */
  minHealthyNodes?: number;
}

/** What chaos needs of a cluster. */
export interface ChaosTarget {
  /** True time. */
  readonly clock: VirtualClock;
  /** The network. */
  readonly network: SimulatedNetwork;
  /** The nodes' host URLs. */
  readonly hosts: readonly string[];
  /** The numbers of the nodes that run. */
  readonly running: readonly number[];
  /** Whether a node's event loop stands still. */
  isFrozen(index: number): boolean;
  /** Whether a node runs. */
  isRunning(index: number): boolean;
  /** Breaks connections. */
  cut(a: number, b: number): number;
  /** Stalls a link. */
  stall(a: number, b: number, direction: "both" | "oneWay"): void;
  /** Ends a stall. */
  resume(a: number, b: number): void;
  /** Stalls links between groups. */
  partition(groups: readonly (readonly number[])[], direction: "both" | "oneWay"): void;
  /** Freezes a node. */
  freeze(index: number): void;
  /** Thaws a node. */
  thaw(index: number): void;
  /** Kills a node. */
  crash(index: number, how: CrashKind): void;
  /** Starts a node again. */
  restart(index: number): Promise<unknown>;
  /** Ends partition and stalls, thaws all. */
  heal(): void;
}

const DEFAULT_WEIGHTS: FaultWeights = {
  cut: 4,
  stall: 3,
  slow: 3,
  partition: 1,
  freeze: 2,
  crash: 2,
};

const FAULT_KINDS = Object.keys(DEFAULT_WEIGHTS) as FaultKind[];
const CRASH_KINDS: readonly CrashKind[] = ["close", "reset", "silent"];

/**
 * A random schedule of faults against a cluster, made by
 * `SimulatedCluster.chaos`. It goes on until {@linkcode Chaos.stop}, which
 * repairs everything, so that a test can then check that the cluster recovers.
 */
export class Chaos {
  readonly #target: ChaosTarget;
  readonly #random: SeededRandom;
  readonly #weights: FaultWeights;
  readonly #meanIntervalMs: number;
  readonly #durationMs: readonly [min: number, max: number];
  readonly #minHealthyNodes: number;
  readonly #active = new Map<string, { readonly timer: Timer; readonly repair: () => void }>();
  readonly #restarts = new Set<Promise<unknown>>();
  readonly #counts: Record<FaultKind, number>;
  #next: Timer | null = null;
  #stopped = false;
  #failure: { readonly error: unknown } | null = null;

  /**
   * Begins at once, with the first fault after a random while.
   *
   * @param target The cluster.
   * @param random The source of its random numbers.
   * @param options How often, how long and what.
   * @throws {InternodeError} `InvalidArgument` for options that make no sense.
   */
  constructor(target: ChaosTarget, random: SeededRandom, options: ChaosOptions) {
    this.#target = target;
    this.#random = random;
    const { meanIntervalMs, minDurationMs, maxDurationMs, minHealthyNodes } = optionsOf(
      "chaos",
      options,
    );
    this.#meanIntervalMs = positive("meanIntervalMs", meanIntervalMs, 500);
    this.#durationMs = [
      positive("minDurationMs", minDurationMs, 50),
      positive("maxDurationMs", maxDurationMs, 30_000),
    ];
    const majority = Math.floor(target.hosts.length / 2) + 1;
    this.#minHealthyNodes = finite("minHealthyNodes", minHealthyNodes, majority);
    this.#weights = { ...DEFAULT_WEIGHTS };
    this.#counts = { cut: 0, stall: 0, slow: 0, partition: 0, freeze: 0, crash: 0 };
    for (const fault of FAULT_KINDS) {
      this.#weights[fault] = notNegative(fault, options[fault], this.#weights[fault]);
    }
    const [min, max] = this.#durationMs;
    if (!(this.#meanIntervalMs > 0 && min > 0 && max >= min)) {
      throw invalidArgument(
        "Chaos needs a mean interval over 0 and a range of durations from over 0.",
      );
    }
    this.#scheduleNext();
  }

  /** How often each kind of fault was caused so far. */
  get counts(): Readonly<Record<FaultKind, number>> {
    return { ...this.#counts };
  }

  /**
   * Ends it, repairs all it did and waits for restarted nodes.
   *
   * @throws What a restart threw.
   */
  async stop(): Promise<void> {
    this.#stopped = true;
    if (this.#next !== null) this.#target.clock.clearTimer(this.#next);
    const active = [...this.#active.values()];
    this.#active.clear();
    for (const { timer, repair } of active) {
      this.#target.clock.clearTimer(timer);
      repair();
    }
    this.#target.heal();
    await this.#target.clock.complete(Promise.all(this.#restarts));
    if (this.#failure !== null) throw this.#failure.error;
  }

  #scheduleNext(): void {
    const delayMs = this.#random.exponential(this.#meanIntervalMs);
    this.#next = this.#target.clock.setTimer(delayMs, () => {
      if (this.#stopped) return;
      const kind = this.#drawKind();
      if (this.#target.hosts.length > 1 && this.#cause(kind)) this.#counts[kind]++;
      this.#scheduleNext();
    });
  }

  #drawKind(): FaultKind {
    const total = FAULT_KINDS.reduce((sum, kind) => sum + this.#weights[kind], 0);
    let left = this.#random.float(0, total);
    for (const kind of FAULT_KINDS) {
      left -= this.#weights[kind];
      if (left < 0) return kind;
    }
    return FAULT_KINDS[0]!;
  }

  /** Causes a fault; says whether there was anything to break. */
  #cause(kind: FaultKind): boolean {
    switch (kind) {
      case "cut":
        return this.#target.cut(...this.#drawPair()) > 0;
      case "stall":
        return this.#stall(...this.#drawPair());
      case "slow":
        return this.#slow(...this.#drawPair());
      case "partition":
        return this.#partition();
      case "freeze":
        return this.#freeze();
      case "crash":
        return this.#crash();
    }
  }

  #stall(a: number, b: number): boolean {
    const key = `stall ${Math.min(a, b)} ${Math.max(a, b)}`;
    if (this.#active.has(key)) return false;
    this.#target.stall(a, b, this.#random.chance(0.5) ? "both" : "oneWay");
    this.#repairLater(key, () => this.#target.resume(a, b));
    return true;
  }

  #slow(a: number, b: number): boolean {
    const key = `slow ${a} ${b}`, { network, hosts } = this.#target;
    if (this.#active.has(key)) return false;
    const from = hosts[a]!, to = hosts[b]!, before = network.link(from, to);
    const latencyMaxMs = this.#random.float(50, 2_000);
    network.setLink(from, to, {
      latencyMinMs: this.#random.float(0, latencyMaxMs),
      latencyMaxMs,
      bandwidthBytesPerMs: this.#random.float(10, 1_000),
    });
    network.history.add(this.#target.clock.elapsedMs, "slow", from, to, latencyMaxMs);
    this.#repairLater(key, () => network.setLink(from, to, before));
    return true;
  }

  #partition(): boolean {
    const key = "partition", count = this.#target.hosts.length;
    if (this.#active.has(key)) return false;
    const order = this.#random.shuffle(Array.from({ length: count }, (_, index) => index));
    const first = order.slice(0, this.#random.int(1, count - 1));
    this.#target.partition([first], this.#random.chance(0.75) ? "both" : "oneWay");
    this.#repairLater(key, () => this.#target.partition([], "both"));
    return true;
  }

  #freeze(): boolean {
    const index = this.#drawVictim();
    if (index === null) return false;
    this.#target.freeze(index);
    this.#repairLater(`freeze ${index}`, () => {
      if (this.#target.isFrozen(index)) this.#target.thaw(index);
    });
    return true;
  }

  #crash(): boolean {
    const index = this.#drawVictim();
    if (index === null) return false;
    this.#target.crash(index, this.#random.pick(CRASH_KINDS));
    this.#repairLater(`crash ${index}`, () => {
      if (this.#target.isRunning(index)) return;
      const restart = this.#target.restart(index).catch((error) => {
        this.#failure ??= { error };
      });
      this.#restarts.add(restart);
      restart.then(() => this.#restarts.delete(restart));
    });
    return true;
  }

  /** A node that may be harmed while enough others stay well; `null` if there is none. */
  #drawVictim(): number | null {
    const healthy = this.#target.running.filter((index) => !this.#target.isFrozen(index));
    return healthy.length <= this.#minHealthyNodes ? null : this.#random.pick(healthy);
  }

  #drawPair(): [a: number, b: number] {
    const { length } = this.#target.hosts;
    const a = this.#random.int(0, length - 1), other = this.#random.int(0, length - 2);
    return [a, other < a ? other : other + 1];
  }

  #repairLater(key: string, repair: () => void): void {
    const [min, max] = this.#durationMs;
    const durationMs = min * (max / min) ** this.#random.next();
    const timer = this.#target.clock.setTimer(durationMs, () => {
      this.#active.delete(key);
      repair();
    });
    this.#active.set(key, { timer, repair });
  }
}
