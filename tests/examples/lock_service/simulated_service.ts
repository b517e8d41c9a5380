/**
 * The lock service on virtual time, over a simulated network, on nodes whose
 * clocks show different times, run at different rates, freeze and die.
 *
 * @module
 */

import { Manager } from "@internode/grid";
import { majorityOf } from "@internode/grid/patterns";
import { SimulatedCluster, type SimulatedNode } from "@internode/grid/testing";
import type { NodeEvent, SupervisorEvent } from "../../../examples/lock_service/log/log_event.ts";
import { CallLog } from "../../../examples/lock_service/node/call_log.ts";
import { grantAll, LockNode, logCalls } from "../../../examples/lock_service/node/lock_node.ts";
import { Checker, type Verdict } from "../../../examples/lock_service/proof/checker.ts";
import { QuietLogger } from "../../support/log/quiet.ts";

export const LIFETIME_MS = 2_000;
const READY_MS = 60_000;
const WORKERS = 2;
/** Two are less than a twentieth apart. */
const DRIFT = 0.024;

/** What to break, to see that it is noticed. */
export type Fault = "voters grant all" | "replicas take all" | "the clock of a node is slow";

export interface ServiceOptions {
  readonly nodes: number;
  readonly keys: number;
  readonly seed: number;
  /** Messages take up to 100 ms, connections break, and links stall; else each arrives soon. */
  readonly isLossy?: boolean;
  readonly fault?: Fault;
}

/** One life of a node. */
class ServiceNode {
  readonly events: NodeEvent[] = [];
  readonly resting = new AbortController();
  readonly grid: Manager;
  readonly calls: CallLog;
  readonly lockNode: LockNode;
  /** How many of its workers hold a lock and are about to write. */
  writing = 0;
  /** Resolves when all its workers have ended. */
  finished: Promise<void> = Promise.resolve();
  readonly #world: SimulatedNode;
  readonly #options: ServiceOptions;
  readonly #now: () => number;

  /** @param now True time: the logs of real processes share theirs nearly. */
  constructor(
    world: SimulatedNode,
    options: ServiceOptions,
    now: () => number,
    former: Iterable<NodeEvent>,
  ) {
    const { host, hosts, clock, random, transports, index, restarts } = world, { fault } = options;
    this.#world = world;
    this.#options = options;
    this.#now = now;
    const log = { write: (event: NodeEvent) => void this.events.push(event) };
    this.calls = new CallLog(now, log);
    const interceptors = {
      client: [logCalls(this.calls)],
      server: fault === "voters grant all" ? [grantAll] : [],
    };
    this.grid = new Manager({
      local: host,
      hosts,
      clock,
      random,
      transports,
      interceptors,
      logger: new QuietLogger(),
      dialTimeoutMs: 1_000,
      reconnect: { maxMs: 500 },
    });
    this.lockNode = new LockNode({
      grid: this.grid,
      name: `${index}.${restarts + 1}`,
      lifetimeMs: LIFETIME_MS,
      time: { now, sleep: (ms) => new Promise((resolve) => void clock.setTimer(ms, resolve)) },
      log,
      former,
      careless: fault === "replicas take all",
      clock,
      random,
    });
    log.write({ event: "start", at: now() });
  }

  async start(): Promise<void> {
    await this.grid.listen();
    this.finished = this.#work();
  }

  async close(): Promise<void> {
    this.resting.abort();
    await this.finished;
    await this.lockNode.leases.close();
    await this.grid.close({ graceMs: 0 });
  }

  async #work(): Promise<void> {
    const { random } = this.#world, { keys } = this.#options, { signal } = this.resting;
    await this.lockNode.leases.untilVoting();
    this.events.push({ event: "voting", at: this.#now() });
    const dice = random.fork("workers");
    await this.lockNode.work({
      workers: WORKERS,
      keys,
      random: () => dice.next(),
      signal,
      onStage: (stage) => {
        if (stage === "writing") this.writing++;
        if (stage === "written") this.writing--;
      },
    });
    await this.calls.idle();
  }
}

export class SimulatedService {
  readonly cluster: SimulatedCluster<ServiceNode>;
  readonly #options: ServiceOptions;
  readonly #lives: ServiceNode[][] = [];
  readonly #supervisor: SupervisorEvent[] = [];

  constructor(options: ServiceOptions) {
    const { nodes, seed, isLossy = false, fault } = options;
    this.#options = options;
    this.cluster = new SimulatedCluster<ServiceNode>({
      nodes,
      seed,
      link: isLossy ? { latencyMaxMs: 100 } : {},
      nodeClock: (index, own) => ({
        wallOffsetMs: own.float(-100_000, 100_000),
        startMs: own.float(0, 100_000),
        rate: index === 0 && fault === "the clock of a node is slow"
          ? 0.1
          : own.float(1 - DRIFT, 1 + DRIFT),
      }),
      start: async (world) => {
        const lives = this.#lives[world.index] ??= [];
        const former = lives.flatMap(({ events }) => events);
        const node = new ServiceNode(world, options, () => this.cluster.clock.now(), former);
        lives.push(node);
        this.#note("spawn", world.index);
        await node.start();
        return node;
      },
    });
  }

  /** How many nodes do not vote or are frozen. */
  get away(): number {
    return this.#lives.filter((_, node) => !this.isUp(node)).length;
  }

  /** Whether the node votes and is neither frozen nor dead. */
  isUp(node: number): boolean {
    const { cluster } = this;
    return cluster.isRunning(node) && !cluster.isFrozen(node) &&
      this.#lives[node]!.at(-1)!.lockNode.leases.isVoting;
  }

  /** A node that holds a lock and is about to write, if there is one. */
  get writer(): number | undefined {
    return this.cluster.running.find((node) => this.#lives[node]!.at(-1)!.writing > 0);
  }

  /** Starts all nodes, and waits until they vote. */
  async start(): Promise<void> {
    await this.cluster.start();
    await this.#allVote();
  }

  kill(node: number): void {
    this.cluster.crash(node);
    this.#note("kill", node);
  }

  freeze(node: number): void {
    this.cluster.freeze(node);
    this.#note("freeze", node);
  }

  thaw(node: number): void {
    this.#note("thaw", node);
    this.cluster.thaw(node);
  }

  /** Lets all nodes end what they are doing, and judges them. */
  async finish(): Promise<Verdict> {
    this.cluster.network.heal();
    await this.#allVote();
    const nodes = this.#lives.map((lives) => lives.at(-1)!);
    for (const { resting } of nodes) resting.abort();
    await Promise.all(nodes.map(({ finished }) => finished));
    const at = this.cluster.clock.now();
    for (const { events } of nodes) events.push({ event: "bye", at, clockStepMs: 0 });
    const checker = new Checker(this.#options.nodes, this.#supervisor);
    this.#lives.forEach((lives, node) =>
      lives.forEach(({ events }, life) => checker.take({ node, life: life + 1 }, events))
    );
    return checker.finish();
  }

  async #allVote(): Promise<void> {
    await this.cluster.clock.runUntil(() => this.away === 0, READY_MS, "all nodes to vote");
  }

  #note(event: SupervisorEvent["event"], node: number): void {
    const at = this.cluster.clock.now(), life = this.#lives[node]!.length;
    this.#supervisor.push({ event, at, node, life, holding: false });
  }
}

/** Lets owners that are about to write freeze, or be cut off, until others have their locks. */
export async function troubleWriters(
  options: ServiceOptions,
  rounds: number,
  way: "freeze" | "cut off",
  isMeant: (node: number) => boolean = () => true,
): Promise<Verdict> {
  const service = new SimulatedService(options), { cluster } = service, { clock } = cluster;
  const isThere = (): boolean => service.writer !== undefined && isMeant(service.writer);
  const verdict = await cluster.run(async () => {
    await service.start();
    for (let round = 0; round < rounds; round++) {
      await clock.runUntil(isThere, READY_MS, "a writer");
      const writer = service.writer!;
      if (way === "freeze") service.freeze(writer);
      else cluster.partition([[writer]]);
      await clock.advance(2 * LIFETIME_MS);
      if (way === "freeze") service.thaw(writer);
      else cluster.partition([]);
      await clock.advance(LIFETIME_MS);
    }
    return await service.finish();
  });
  await cluster.close();
  return verdict;
}

/** Lets the service run for a while, with nodes killed, frozen and started again all the time. */
export async function playService(options: ServiceOptions, durationMs: number): Promise<Verdict> {
  const service = new SimulatedService(options), { nodes, isLossy = false } = options;
  const { cluster } = service, { clock } = cluster, { random } = cluster;
  const mayBeAway = nodes - majorityOf(nodes);
  const verdict = await cluster.run(async () => {
    await service.start();
    const endAt = clock.now() + durationMs, repairs: Promise<void>[] = [];
    while (clock.now() < endAt) {
      await clock.advance(random.exponential(700));
      const node = random.int(0, nodes - 1), other = random.int(0, nodes - 1);
      if (isLossy && other !== node) {
        if (random.chance(0.5)) cluster.cut(node, other);
        else {
          cluster.stall(node, other);
          repairs.push(
            clock.advance(random.exponential(500)).then(() => {
              cluster.resume(node, other);
            }),
          );
        }
      }
      if (service.away >= mayBeAway || !service.isUp(node)) continue;
      if (random.chance(0.5)) {
        service.kill(node);
        repairs.push(
          clock.advance(random.exponential(300)).then(async () => {
            await cluster.restart(node);
          }),
        );
      } else {
        service.freeze(node);
        repairs.push(clock.advance(random.exponential(2_000)).then(() => service.thaw(node)));
      }
    }
    await Promise.all(repairs);
    return await service.finish();
  });
  await cluster.close();
  return verdict;
}
