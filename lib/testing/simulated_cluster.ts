/**
 * Many nodes in one process, on virtual time.
 *
 * @module
 */

import { counted } from "../foreign/text_of.ts";
import { parseHostAddress } from "../runtime/host_address.ts";
import type { Transport, Transports } from "../transport/channel/transport.ts";
import { InternodeError, invalidArgument } from "../errors.ts";
import type { CrashKind } from "./network/simulated_host.ts";
import { Chaos, type ChaosOptions } from "./chaos.ts";
import { History } from "./network/history.ts";
import type { LinkOptions } from "./network/link.ts";
import type { ChannelOptions } from "./network/network_core.ts";
import type { NodeClock, NodeClockOptions } from "./time/node_clock.ts";
import { drawSeed, SimulationFailure } from "./run_seeded.ts";
import { SeededRandom } from "./time/seeded_random.ts";
import { SimulatedNetwork } from "./network/simulated_network.ts";
import { VirtualClock } from "./time/virtual_clock.ts";
import { func, optionsOf, positive, wholeNumber } from "../foreign/option_checks.ts";

/** How many lines of the log a failure shows. */
const SHOWN_ENTRIES = 40;

/** Something that can be closed; what a cluster's factory makes. */
export interface Closable {
  /** Ends it and all it holds. */
  close(): void | Promise<void>;
}

/** What the factory of a {@linkcode SimulatedCluster} makes a node from. */
export interface SimulatedNode {
  /** Its number, from 0. */
  readonly index: number;
  /** How often this node was started before: 0 at first. */
  readonly restarts: number;
  /** Its own host URL. */
  readonly host: string;
  /** The host URLs of all nodes, its own among them. */
  readonly hosts: readonly string[];
  /** Its clock. */
  readonly clock: NodeClock;
  /** Its random numbers. */
  readonly random: SeededRandom;
  /** How it reaches the others. */
  readonly transports: Transports;
}

/** What a simulated cluster is made from. */
export interface SimulatedClusterOptions<Node extends Closable> extends Partial<ChannelOptions> {
  /** How many nodes. */
  nodes: number;
  /** Makes and starts a node; called again for each restart. */
  start: (node: SimulatedNode) => Node | Promise<Node>;
  /** The source of all random numbers. Default: drawn from the system. */
  seed?: number;
  /** The host URL of a node by its number from 0. Default: `memory://node-1` and so on. */
  host?: (index: number) => string;
  /** What links are like. Default: 0.1 to 1 ms, 1 Gbit/s, no failures. */
  link?: Partial<LinkOptions>;
  /** How a node's clock differs from true time. Default: it does not. */
  nodeClock?: (index: number, random: SeededRandom) => NodeClockOptions;
  /** How much virtual time starting, restarting and closing may each take, in milliseconds. Default: 120,000. */
  limitMs?: number;
}

/** A node of the cluster as it is now. */
interface Slot<Node> {
  node: Node | null;
  clock: NodeClock | null;
  starts: number;
}

/**
 * A cluster of nodes that the user's factory makes, connected by a
 * {@linkcode SimulatedNetwork}. One seed gives one history.
 *
 * @example
 * ```ts
 * import { SimulatedCluster } from "@internode/grid/testing";
 * import { assertEquals } from "@std/assert";
 *
 * // Any code that takes its time, random numbers and transports from outside can be a node.
 * const cluster = new SimulatedCluster({
 *   nodes: 3,
 *   seed: 1,
 *   start: ({ index, clock }) => {
 *     let ticks = 0;
 *     let timer = clock.setTimer(100, function tick() {
 *       ticks++;
 *       timer = clock.setTimer(100, tick);
 *     });
 *     return { index, ticks: () => ticks, close: () => clock.clearTimer(timer) };
 *   },
 * });
 *
 * await cluster.run(async () => {
 *   await cluster.start();
 *   cluster.crash(2);
 *   await cluster.clock.advance(1_000);
 *   await cluster.restart(2);
 *   await cluster.clock.advance(500);
 *   assertEquals(cluster.node(0).ticks(), 15);
 *   assertEquals(cluster.node(2).ticks(), 5);
 * });
 * await cluster.close();
 * ```
 */
export class SimulatedCluster<Node extends Closable> implements AsyncDisposable {
  /** The seed that its history follows from. */
  readonly seed: number;
  /** The host URLs of its nodes. */
  readonly hosts: readonly string[];
  /** True time. */
  readonly clock: VirtualClock = new VirtualClock();
  /** What lies between the nodes. */
  readonly network: SimulatedNetwork;
  /** What happened. */
  readonly history: History = new History();
  /** Chance for the test itself. */
  readonly random: SeededRandom;
  readonly #options: SimulatedClusterOptions<Node>;
  readonly #slots: Slot<Node>[] = [];
  readonly #limitMs: number;
  readonly #root: SeededRandom;

  /**
   * Lays the cluster out; nothing runs before {@linkcode SimulatedCluster.start}.
   *
   * @param options The nodes, and the world they live in.
   * @throws {InternodeError} `InvalidArgument` for options that make no sense.
   */
  constructor(options: SimulatedClusterOptions<Node>) {
    const { nodes, start, seed, host, link, nodeClock, limitMs, ...channels } = optionsOf(
      "SimulatedCluster",
      options,
    );
    wholeNumber("nodes", nodes, 1);
    func("start", start);
    if (host !== undefined) func("host", host);
    if (nodeClock !== undefined) func("nodeClock", nodeClock);
    if (seed !== undefined) wholeNumber("seed", seed, 0, Number.MAX_SAFE_INTEGER);
    this.#options = options;
    this.#limitMs = positive("limitMs", limitMs, 120_000);
    this.#root = new SeededRandom(seed ?? drawSeed());
    this.seed = this.#root.seed;
    this.random = this.#root.fork("test");
    this.hosts = Array.from({ length: nodes }, (_, index) => {
      return parseHostAddress(host?.(index) ?? `memory://node-${index + 1}`).href;
    });
    this.network = new SimulatedNetwork({
      ...channels,
      clock: this.clock,
      random: this.#root.fork("network"),
      history: this.history,
      ...(link !== undefined && { link }),
    });
    for (let index = 0; index < nodes; index++) {
      this.#slots.push({ node: null, clock: null, starts: 0 });
    }
  }

  /** How many nodes there are, crashed ones included. */
  get size(): number {
    return this.#slots.length;
  }

  /** Starts all nodes that do not run, side by side. */
  async start(): Promise<void> {
    const starting = this.#slots.map((slot, index) => slot.clock ?? this.#start(index));
    await this.clock.complete(Promise.all(starting), this.#limitMs, "the start of all nodes");
  }

  /**
   * A running node, as the factory made it.
   *
   * @throws {InternodeError} `Closed` if it does not run, `InvalidArgument` if there is no such number.
   */
  node(index: number): Node {
    const { node } = this.#slot(index);
    if (node !== null) return node;
    throw new InternodeError("Closed", `Node ${index} (${this.hosts[index]}) does not run.`, {
      origin: "caller",
      host: this.hosts[index],
    });
  }

  /** Whether a node was started and has not crashed. */
  isRunning(index: number): boolean {
    return this.#slot(index).clock !== null;
  }

  /** Whether a node's event loop stands still. */
  isFrozen(index: number): boolean {
    return this.#slot(index).clock?.frozen === true;
  }

  /** The numbers of the nodes that run, frozen ones included. */
  get running(): number[] {
    return this.#slots.flatMap((slot, index) => slot.clock === null ? [] : [index]);
  }

  /**
   * Lets a node die at once: nothing of it runs any more, its promises stay
   * pending for ever, its peers hear what this kind of crash lets them hear.
   *
   * @param how Default: `"close"`, as after SIGKILL.
   */
  crash(index: number, how: CrashKind = "close"): void {
    const slot = this.#slot(index);
    this.network.crash(this.hosts[index]!, how);
    slot.node = null;
    slot.clock = null;
  }

  /**
   * Starts a crashed node again, as a new process with nothing in memory.
   *
   * @returns What the factory made.
   * @throws {InternodeError} `InvalidArgument` if it runs.
   */
  restart(index: number): Promise<Node> {
    if (this.#slot(index).clock !== null) {
      throw invalidArgument(`Node ${index} runs: crash it before restarting it.`);
    }
    return this.clock.complete(this.#start(index), this.#limitMs, `the restart of node ${index}`);
  }

  /** Lets a node's event loop stand still while the world goes on, as by SIGSTOP. */
  freeze(index: number): void {
    this.history.add(this.#elapsedMs, "freeze", this.hosts[index]);
    this.#slot(index).clock?.freeze();
  }

  /** Lets a frozen node go on. */
  thaw(index: number): void {
    this.history.add(this.#elapsedMs, "thaw", this.hosts[index]);
    this.#slot(index).clock?.thaw();
  }

  /** Breaks all connections between two nodes; returns how many. */
  cut(a: number, b: number): number {
    return this.network.cut(this.#host(a), this.#host(b));
  }

  /** Lets no bytes through between two nodes, without a word; `"oneWay"` only from `a` to `b`. */
  stall(a: number, b: number, direction: "both" | "oneWay" = "both"): void {
    this.network.stall(this.#host(a), this.#host(b), direction);
  }

  /** Ends a stall. */
  resume(a: number, b: number): void {
    this.network.resume(this.#host(a), this.#host(b));
  }

  /** Stalls all links between groups of nodes; the nodes in no group are one more. */
  partition(groups: readonly (readonly number[])[], direction: "both" | "oneWay" = "both"): void {
    const hosts = groups.map((group) => group.map((index) => this.#host(index)));
    this.network.partition(hosts, direction);
  }

  /** Ends the partition and all stalls, and lets all frozen nodes go on. Crashed ones stay so. */
  heal(): void {
    this.network.heal();
    for (const index of this.running) if (this.isFrozen(index)) this.thaw(index);
  }

  /** Begins a random schedule of faults, drawn from the cluster's seed unless it is given its own. */
  chaos(options: ChaosOptions = {}): Chaos {
    const { seed } = optionsOf("chaos", options);
    const random = seed === undefined ? this.#root.fork("chaos") : new SeededRandom(seed);
    return new Chaos(this, random, options);
  }

  /**
   * Runs a test against the cluster: lets virtual time pass until its promise
   * settles. If it fails, the error shows the seed and what happened last.
   *
   * @param body The test; it can await the cluster's clock, `clock.advance` as a pause for instance.
   * @param limitMs How much virtual time it may take. Default: one hour.
   * @throws {SimulationFailure} With what the body threw as its cause.
   */
  async run<Result>(body: () => Promise<Result>, limitMs = 3_600_000): Promise<Result> {
    try {
      return await this.clock.complete(body(), limitMs, "the end of the test");
    } catch (error) {
      if (error instanceof SimulationFailure) throw error;
      throw new SimulationFailure(this.seed, error, this.describe());
    }
  }

  /** The options of this run and the last lines of its log. */
  describe(): string {
    const { nodes, link, channels, pieces } = this.#options;
    const drawn = JSON.stringify({ nodes, channels, pieces, link, seed: this.seed });
    const lines = this.history.tail(SHOWN_ENTRIES).map((line) => `  ${line}`);
    const shown = `the last ${lines.length} of ${this.history.count} events`;
    return [`options: ${drawn}`, `${shown}, digest ${this.history.digest}:`, ...lines].join("\n");
  }

  /**
   * Heals the network and closes all running nodes, side by side. Then nothing
   * of them may be left.
   *
   * @throws {SimulationFailure} If a node left a timer, connection or listener behind, naming them.
   */
  async close(): Promise<void> {
    this.heal();
    const closing = this.#slots.map(({ node }) => Promise.resolve(node?.close()));
    await this.run(() => Promise.all(closing), this.#limitMs);
    await this.clock.settle();
    const left = this.running.map((index) => this.#leftBehind(index)).filter((text) => text !== "");
    for (const index of this.running) this.crash(index);
    if (left.length === 0) return;
    const error = new InternodeError("InvalidArgument", `After close ${left.join("; ")}.`);
    throw new SimulationFailure(this.seed, error, this.describe());
  }

  /** As {@linkcode SimulatedCluster.close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  get #elapsedMs(): number {
    return this.clock.elapsedMs;
  }

  async #start(index: number): Promise<Node> {
    const slot = this.#slot(index), host = this.#host(index), restarts = slot.starts++;
    const random = this.#root.fork(`node ${index}, start ${restarts}`);
    const clock = this.clock.view(this.#options.nodeClock?.(index, random.fork("clock")));
    slot.clock = clock;
    this.history.add(this.#elapsedMs, "start", host, "", restarts);
    const transport = this.network.transport(host, clock);
    const transports: Record<string, Transport> = {};
    for (const href of this.hosts) transports[parseHostAddress(href).scheme] = transport;
    const { start } = this.#options;
    const node = await start({
      index,
      restarts,
      host,
      hosts: this.hosts,
      clock,
      random,
      transports,
    });
    if (slot.clock === clock) slot.node = node;
    return node;
  }

  #leftBehind(index: number): string {
    const host = this.#host(index), left: string[] = [];
    const timers = this.#slot(index).clock?.pendingTimers ?? 0;
    const connections = this.network.openConnections(host);
    if (timers > 0) left.push(`${timers} timers`);
    if (connections > 0) left.push(counted(connections, "connection"));
    if (this.network.isListening(host)) left.push("a listener");
    return left.length === 0 ? "" : `node ${index} (${host}) has left ${left.join(", ")}`;
  }

  #slot(index: number): Slot<Node> {
    const slot = this.#slots[index];
    if (slot !== undefined) return slot;
    throw invalidArgument(
      `There is no node ${index}: they go from 0 to ${this.#slots.length - 1}.`,
    );
  }

  #host(index: number): string {
    this.#slot(index);
    return this.hosts[index]!;
  }
}
