/**
 * A history of a grid whose lists of hosts change at random, at different times on each node.
 *
 * What must hold: every call ends once and in time, and its outcome is true; none
 * runs twice; calls end as `NotListed` or `GoingAway` only where a list has
 * changed; in the end each two nodes that list each other have exactly one
 * connection, and all others have none. Without faults they have it within a
 * second of the lists agreeing. In some histories connections are made on demand,
 * by all nodes or by some: they need not be there, and all else holds. In some, all
 * nodes have proven who they are, and admit hosts that they never took off their
 * list: then one of two that lists the other is enough.
 *
 * @module
 */

import { type Connection, type Manager, single, stream } from "@internode/grid";
import { ManualResolver } from "@internode/grid/call";
import * as t from "@internode/grid/codec";
import { SeededRandom, type SimulatedCluster } from "@internode/grid/testing";
import { allNamed } from "../support/endpoint_named.ts";
import { ProvenTransport } from "../support/network/proven_transport.ts";
import { DirectionLog } from "../support/simulation/direction_log.ts";
import { simulatedGrid } from "../support/simulation/simulated_grid.ts";
import { pause } from "../support/pause.ts";
import { PATIENCE_MS } from "./history.ts";
import { type Call, judgeCall } from "./hosts_call.ts";
import { trouble } from "./hosts_trouble.ts";

/** Within what time lists change, calls are made and faults begin. */
const WINDOW_MS = 4_000;
/** Who has listed each other for so long, without faults, is connected. */
const LET_IN_MS = 1_000;
/** The same for who has to make itself known first. */
const ADMIT_MS = 3_000;
/** The same after faults, whose back-off may be long. */
const RECOVERY_MS = 20_000;

const ask = t.record({ id: t.uint(), delayMs: t.uint() });
const work = single("work", { request: ask, response: t.uint() });
const flow = stream("flow", {
  initial: ask,
  output: t.uint(),
  inputCapacity: 0,
  outputCapacity: 4,
});
const OUTPUTS = 5;

/** Plays one history, and gives its digest. Rejects with what must not have happened. */
export async function playHosts(seed: number): Promise<string> {
  const history = new HostsHistory(seed);
  await history.grid.run(() => history.play());
  await history.grid.close();
  return history.grid.history.digest;
}

class HostsHistory {
  readonly grid: SimulatedCluster<Manager>;
  readonly #random: SeededRandom;
  readonly #hasFaults: boolean;
  /** Whether some nodes make connections when calls need them, and close them when they are not used. */
  readonly #onDemand: boolean;
  readonly #admits: boolean;
  readonly #calls: Call[] = [];
  /** What each node was told last, by numbers. */
  readonly #lists: number[][];
  readonly #resolvers: (ManualResolver | null)[];
  /** When a node has last taken another off its list. */
  readonly #leftMs: number[][];
  /** Whom a node has taken off its list in its present life. */
  readonly #left: Set<number>[];
  readonly #lives: number[];
  readonly #held = new Map<string, Connection>();
  #lastChangeMs = 0;
  /** Who has dialled and was to be dialled. */
  #wrong: string | null = null;

  constructor(seed: number) {
    const random = this.#random = new SeededRandom(seed);
    const nodes = random.int(2, 6), all = Array.from({ length: nodes }, (_, index) => index);
    this.#hasFaults = random.chance(0.7);
    this.#onDemand = random.chance(0.35);
    this.#admits = random.chance(0.3);
    const onDemandShare = random.pick([0.5, 1]);
    this.#lists = all.map((self) => random.chance(0.5) ? all : this.#drawList(self, nodes));
    this.#resolvers = all.map(() => random.chance(0.3) ? new ManualResolver() : null);
    this.#leftMs = all.map(() => all.map(() => -Infinity));
    this.#left = all.map(() => new Set());
    this.#lives = all.map(() => 0);
    this.grid = simulatedGrid({
      nodes,
      seed,
      channels: random.pick(["bytes", "messages"]),
      options: ({ index, hosts, host, transports }) => ({
        hosts: this.#resolvers[index] ?? this.#lists[index]!.map((at) => hosts[at]!),
        dialTimeoutMs: 3_000,
        logger: new DirectionLog(host, (what) => this.#wrong = what),
        ...this.#onDemand && random.chance(onDemandShare) &&
          { connect: "onDemand", maxConnections: random.int(1, nodes) },
        ...this.#admits && {
          admit: ({ identity }) => identity?.sans.uri.length === 1,
          transports: { memory: new ProvenTransport(transports["memory"]!) },
        },
        ...random.chance(0.3) && { maxConnectionAgeMs: random.float(300, 2_000) },
      }),
      serve: (manager, { clock, index }) => {
        const calls = this.#calls;
        this.#tellResolver(index);
        const gone = this.#left[index] = new Set();
        // Of two answers of a resolver that follow each other closely it may see one.
        manager.onHostsChange(({ joined, left }) => {
          for (const host of left) gone.add(this.grid.hosts.indexOf(host));
          for (const host of joined) gone.delete(this.grid.hosts.indexOf(host));
        });
        manager.handle(work, async ({ id, delayMs }) => {
          calls[id]!.runs++;
          await pause(clock, delayMs);
          return id;
        });
        manager.handle(flow, async function* ({ id, delayMs }) {
          calls[id]!.runs++;
          for (let at = 0; at < OUTPUTS; at++) {
            await pause(clock, delayMs / OUTPUTS);
            yield at;
          }
        });
      },
    });
  }

  async play(): Promise<void> {
    const { clock, size } = this.grid, random = this.#random;
    await this.grid.start();
    for (let n = random.int(2, 16); n > 0; n--) {
      clock.setTimer(random.float(0, WINDOW_MS), () => this.#change(random.int(0, size - 1)));
    }
    for (let n = random.int(0, 3); n > 0; n--) {
      // One list for all, of which each learns at another time.
      const members = this.#drawList(-1, size), atMs = random.float(0, WINDOW_MS - 1_000);
      for (let index = 0; index < size; index++) {
        const lateMs = random.float(0, 1_000);
        clock.setTimer(atMs + lateMs, () => this.#list(index, members));
      }
    }
    for (let n = 24; n > 0; n--) {
      const from = random.int(0, size - 1), to = (from + random.int(1, size - 1)) % size;
      clock.setTimer(random.float(0, WINDOW_MS), () => this.#call(from, to));
    }
    const troubles = this.#hasFaults
      ? Array.from(
        { length: random.int(1, 4) },
        () => trouble(this.grid, random, WINDOW_MS, (index) => this.#lives[index]!++),
      )
      : [];
    await clock.advance(WINDOW_MS);
    await Promise.all(troubles);
    this.grid.heal();
    for (let index = 0; index < size; index++) {
      if (random.chance(0.7)) this.#change(index);
    }
    await this.#settle();
  }

  async #settle(): Promise<void> {
    const { clock } = this.grid;
    for (const admitted of [false, true]) {
      const letInMs = this.#hasFaults ? RECOVERY_MS : admitted ? ADMIT_MS : LET_IN_MS;
      const untilMs = this.#lastChangeMs + letInMs - clock.elapsedMs;
      const isMet = (): boolean =>
        this.#onDemand || this.#pairs(admitted).every(([a, b]) => this.#areConnected(a, b));
      if (isMet()) continue;
      const what = admitted ? "those that one of them lists" : "those that list each other";
      await clock.runUntil(isMet, Math.max(1, untilMs), `${what} to be connected`);
    }
    const isOver = (): boolean =>
      this.#calls.every((call) => call.endings > 0 || this.#isLost(call));
    await clock.runUntil(isOver, PATIENCE_MS, "all calls to end");
    // The grace time of those that have left.
    await clock.advance(6_000);
    for (let look = 0; look < 20; look++) {
      await clock.advance(37);
      this.#checkCounts();
    }
    // On demand nobody may have noticed yet that a peer has died without a word.
    for (let last = this.#onDemand && this.#hasFaults ? 0 : 1; last < 2; last++) {
      const made = this.#calls.length;
      for (const [a, b] of this.#pairs(true)) {
        for (const [from, to] of [[a, b], [b, a]] as const) {
          // On demand who is admitted need not be connected.
          if (!this.#onDemand || this.#lists[from]!.includes(to)) this.#call(from, to, true);
        }
      }
      await clock.runUntil(isOver, PATIENCE_MS, "the last calls to end");
      for (const { failure } of last === 1 ? this.#calls.slice(made) : []) {
        if (failure !== undefined) throw new Error(`the last call failed: ${failure}`);
      }
    }
    const beside = { hasFaults: this.#hasFaults, admits: this.#admits, leftMs: this.#leftMs };
    for (const call of this.#calls) judgeCall(call, { ...beside, isLost: this.#isLost(call) });
    if (this.#wrong !== null) throw new Error(this.#wrong);
    for (const node of this.grid.running) {
      if (this.grid.node(node).hosts.length !== this.#lists[node]!.length) {
        throw new Error(`node ${node} lists ${this.grid.node(node).hosts}`);
      }
    }
  }

  /** Those that list each other; or, if hosts are admitted, of whom one lists the other and is admitted there. */
  #pairs(admitted: boolean): (readonly [number, number])[] {
    const pairs: (readonly [number, number])[] = [];
    const takes = (at: number, other: number): boolean =>
      this.#lists[at]!.includes(other) || admitted && this.#admits && !this.#left[at]!.has(other);
    for (let a = 0; a < this.grid.size; a++) {
      for (let b = a + 1; b < this.grid.size; b++) {
        const areNeither = !this.#lists[a]!.includes(b) && !this.#lists[b]!.includes(a);
        if (!areNeither && takes(a, b) && takes(b, a)) pairs.push([a, b]);
      }
    }
    return pairs;
  }

  #areConnected(a: number, b: number): boolean {
    const { grid } = this,
      state = (from: number, to: number): string =>
        grid.node(from).connections().find(({ host }) => host === grid.hosts[to])?.state ?? "none";
    return state(a, b) === "connected" && state(b, a) === "connected";
  }

  #checkCounts(): void {
    const { network, hosts, size } = this.grid, paired = new Set(this.#pairs(true).map(String));
    for (let a = 0; a < size; a++) {
      for (let b = a + 1; b < size; b++) {
        const isPair = paired.has(String([a, b]));
        const count = network.openConnections(hosts[a]!, hosts[b]!);
        // Who lists the other in vain asks now and then; who renews has two for a moment.
        const isMissing = isPair && count === 0 && !this.#onDemand;
        if (count > 2 || isMissing || count > 1 && !isPair) {
          throw new Error(`nodes ${a} and ${b} have ${count} connections`);
        }
      }
    }
  }

  #drawList(self: number, nodes: number): number[] {
    const drawn = Array.from({ length: nodes }, (_, index) => index)
      .filter((index) => index === self || this.#random.chance(0.6));
    return this.#random.shuffle(drawn);
  }

  #change(index: number): void {
    this.#list(index, this.#drawList(index, this.grid.size));
  }

  /** A node learns of a list; itself it always lists. */
  #list(index: number, members: readonly number[]): void {
    const list = members.includes(index) ? [...members] : [...members, index];
    const before = this.#lists[index]!;
    const nowMs = this.#lastChangeMs = this.grid.clock.elapsedMs;
    for (const other of before) if (!list.includes(other)) this.#leftMs[index]![other] = nowMs;
    this.#lists[index] = list;
    if (this.#resolvers[index] !== null) return this.#tellResolver(index);
    if (!this.grid.isRunning(index) || this.grid.isFrozen(index)) {
      if (this.grid.isFrozen(index)) this.#resume(index);
      return;
    }
    const graceMs = this.#random.pick([0, 50, 1_000, 5_000]);
    this.grid.node(index).setHosts(this.#hosts(list), { graceMs });
  }

  /** A frozen node learns of it when it goes on. */
  #resume(index: number): void {
    this.grid.thaw(index);
    this.grid.node(index).setHosts(this.#hosts(this.#lists[index]!));
  }

  #hosts(list: readonly number[]): string[] {
    return list.map((at) => this.grid.hosts[at]!);
  }

  #tellResolver(index: number): void {
    this.#resolvers[index]?.set(allNamed(...this.#hosts(this.#lists[index]!)));
  }

  #isLost({ from, life }: Call): boolean {
    return this.#lives[from] !== life;
  }

  #call(from: number, to: number, isLast = false): void {
    if (!this.grid.isRunning(from) || this.grid.isFrozen(from)) return;
    const random = this.#random, waits = isLast || random.chance(0.6);
    const call: Call = {
      id: this.#calls.length,
      from,
      to,
      life: this.#lives[from]!,
      waits,
      startMs: this.grid.clock.elapsedMs,
      // A resolver may not have answered yet.
      wasListed: this.grid.node(from).hosts.includes(this.grid.hosts[to]!),
      runs: 0,
      endings: 0,
      failure: undefined,
    };
    this.#calls.push(call);
    const delayMs = isLast ? 0 : Math.round(random.float(0, 1) ** 3 * 2_000);
    const request = { id: call.id, delayMs };
    const options = { waitForReady: waits, timeoutMs: random.float(500, 8_000) };
    this.#make(call, request, options, random.chance(0.3) && !isLast, random.chance(0.5)).then(
      () => call.endings++,
      (error) => {
        call.endings++;
        call.failure = error;
      },
    );
  }

  async #make(
    { id, from, to, life }: Call,
    request: { readonly id: number; readonly delayMs: number },
    options: { readonly waitForReady: boolean; readonly timeoutMs: number },
    streams: boolean,
    holds: boolean,
  ): Promise<void> {
    const key = `${from} ${life} ${to}`;
    const held = holds ? this.#held.get(key) : undefined;
    const connection = held ?? this.grid.node(from).connection(this.grid.hosts[to]!);
    this.#held.set(key, connection);
    if (!streams) {
      const answer = await connection.request(work, request, options);
      if (answer !== id) throw new Error(`call ${id} was answered with ${answer}`);
      return;
    }
    const outputs = await Array.fromAsync(connection.stream(flow, request, options));
    if (outputs.length !== OUTPUTS) throw new Error(`call ${id} had ${outputs.length} outputs`);
  }
}
