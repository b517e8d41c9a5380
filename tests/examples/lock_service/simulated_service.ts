/**
 * The lock service on virtual time, over a network that delays, reorders and
 * loses messages, on nodes whose clocks show different times, run at
 * different rates, freeze and die.
 *
 * @module
 */

import { type NodeClock, type SeededRandom, VirtualClock } from "@internode/grid/testing";
import { CallLog } from "../../../examples/lock_service/node/call_log.ts";
import { Checker, type Verdict } from "../../../examples/lock_service/proof/checker.ts";
import { LockTable } from "../../../examples/lock_service/lock/lock_table.ts";
import type {
  Log,
  NodeEvent,
  SupervisorEvent,
} from "../../../examples/lock_service/log/log_event.ts";
import { majorityOf } from "../../../examples/lock_service/lock/majority.ts";
import type { Peer } from "../../../examples/lock_service/lock/peer.ts";
import { ProtectedRegister } from "../../../examples/lock_service/register/protected_register.ts";
import { type HeldLock, QuorumLock } from "../../../examples/lock_service/lock/quorum_lock.ts";
import { recover } from "../../../examples/lock_service/lock/recovery.ts";
import { RegisterReplica } from "../../../examples/lock_service/register/register_replica.ts";
import type { Time } from "../../../examples/lock_service/lock/time.ts";
import { runWorker, type Stage } from "../../../examples/lock_service/node/worker.ts";

export const LIFETIME_MS = 2_000;
const CALL_TIMEOUT_MS = 400;

/** What to leave out, to see that it is missed. */
export type Fault =
  | "voters grant all"
  | "replicas take all"
  | "restarted voters do not abstain"
  | "restarted voters do not learn";

export interface ServiceOptions {
  nodes: number;
  keys: number;
  random: SeededRandom;
  /** Messages overtake each other, and some are late or lost; else each arrives soon and in order. */
  lossy?: boolean;
  fault?: Fault | undefined;
}

/** One life of a simulated node. */
class SimulatedNode {
  readonly events: NodeEvent[] = [];
  readonly resting = new AbortController();
  readonly table: LockTable;
  readonly replica: RegisterReplica;
  readonly time: Time;
  readonly log: Log<NodeEvent>;
  readonly calls: CallLog;
  /** How many of its workers hold a lock and are about to write. */
  writing = 0;
  /** Resolves when all its workers have ended. */
  finished: Promise<unknown> = Promise.resolve();

  readonly node: number;
  readonly life: number;
  readonly clock: NodeClock;

  constructor(
    node: number,
    life: number,
    clock: NodeClock,
    trueTime: (nodeTime: number) => number,
    fault: Fault | undefined,
  ) {
    this.node = node;
    this.life = life;
    this.clock = clock;
    // The logs of real processes share a time base, so these are translated to one.
    this.log = {
      write: (event) => {
        const times: Partial<Record<"at" | "since" | "until", number>> = { at: trueTime(event.at) };
        if ("since" in event) times.since = trueTime(event.since);
        if ("until" in event) times.until = trueTime(event.until);
        this.events.push({ ...event, ...times } as NodeEvent);
      },
    };
    const now = () => clock.now();
    this.calls = new CallLog(now, this.log);
    this.time = {
      now,
      sleep: (delayMs) => new Promise((resolve) => clock.setTimer(delayMs, resolve)),
    };
    this.table = new LockTable({
      lifetimeMs: LIFETIME_MS,
      now,
      log: this.log,
      careless: fault === "voters grant all",
    });
    this.replica = new RegisterReplica(now, this.log, fault === "replicas take all");
  }
}

export class SimulatedService {
  readonly clock = new VirtualClock();
  readonly #options: ServiceOptions;
  readonly #random: SeededRandom;
  readonly #lives: SimulatedNode[] = [];
  readonly #current: SimulatedNode[] = [];
  readonly #supervisor: SupervisorEvent[] = [];
  /** When the latest message on each way arrives. */
  readonly #arrivals = new Map<string, number>();

  constructor(options: ServiceOptions) {
    this.#options = options;
    this.#random = options.random;
    for (let node = 0; node < options.nodes; node++) this.start(node);
  }

  /** How many nodes do not vote or are frozen. */
  get away(): number {
    return this.#current.filter(({ table, clock }) =>
      !table.voting || clock.frozen || clock.stopped
    )
      .length;
  }

  /** Whether the node votes and is neither frozen nor dead. */
  isUp(node: number): boolean {
    const { table, clock } = this.#current[node]!;
    return table.voting && !clock.frozen && !clock.stopped;
  }

  /** A node that holds a lock and is about to write, if there is one. */
  get writer(): number | undefined {
    return this.#current.find(({ writing, clock }) => writing > 0 && !clock.stopped)?.node;
  }

  start(node: number): void {
    const { fault, nodes } = this.#options;
    const life = (this.#current[node]?.life ?? 0) + 1;
    const rate = this.#random.float(0.97, 1.03);
    const clock = this.clock.view({ rate, startMs: this.#random.int(0, 1_000_000) });
    const trueTime = (nodeTime: number) => this.clock.now() - (clock.now() - nodeTime) / rate;
    const started = new SimulatedNode(node, life, clock, trueTime, fault);
    for (const former of this.#lives) {
      if (former.node === node) started.replica.replay(former.events);
    }
    this.#lives.push(started);
    this.#current[node] = started;
    this.#note("spawn", started);
    started.log.write({ event: "start", at: clock.now() });
    const peers = Array.from({ length: nodes }, (_, other) => this.#peer(started, other));
    started.finished = this.#run(started, peers);
  }

  kill(node: number): void {
    const killed = this.#current[node]!;
    killed.clock.stop();
    this.#note("kill", killed);
  }

  freeze(node: number): void {
    this.#current[node]!.clock.freeze();
    this.#note("freeze", this.#current[node]!);
  }

  thaw(node: number): void {
    this.#note("thaw", this.#current[node]!);
    this.#current[node]!.clock.thaw();
  }

  /** Lets all nodes end what they are doing, and judges them. */
  async finish(): Promise<Verdict> {
    await this.clock.runUntil(() => this.away === 0, 60_000, "all nodes voting");
    for (const { resting } of this.#current) resting.abort();
    await this.clock.complete(Promise.all(this.#current.map(({ finished }) => finished)));
    for (const { log, time } of this.#current) {
      log.write({ event: "bye", at: time.now(), clockStepMs: 0 });
    }
    const checker = new Checker(this.#options.nodes, this.#supervisor);
    for (const { node, life, events } of this.#lives) checker.take({ node, life }, events);
    return checker.finish();
  }

  async #run(self: SimulatedNode, peers: readonly Peer[]): Promise<void> {
    const { table, time, log, life, node, resting } = self;
    const { fault, keys } = this.#options;
    if (life > 1 && fault !== "restarted voters do not abstain") {
      if (fault === "restarted voters do not learn") {
        await time.sleep(LIFETIME_MS);
        table.startVoting();
      } else {
        const others = peers.filter((_, other) => other !== node);
        const majority = majorityOf(peers.length);
        await recover({ table, others, majority, lifetimeMs: LIFETIME_MS, time });
      }
    } else table.startVoting();
    let uids = 0;
    const random = () => this.#random.next();
    const nextUid = () => `${node}.${life}.${++uids}`;
    const lifetimeMs = LIFETIME_MS;
    const lock = new QuorumLock({ peers, lifetimeMs, time, log, random, nextUid });
    const register = new ProtectedRegister(peers, () => time.now(), log);
    const names = Array.from({ length: keys }, (_, key) => `key-${key}`);
    const { signal } = resting;
    const onStage = (_lock: HeldLock, stage: Stage) => {
      if (stage === "writing") self.writing++;
      if (stage === "written") self.writing--;
    };
    const worker = () =>
      runWorker({ lock, register, keys: names, lifetimeMs, time, random, signal, onStage });
    await Promise.all([worker(), worker()]);
    await self.calls.idle();
  }

  #peer(self: SimulatedNode, other: number): Peer {
    const ask = <Reply>(name: string, answer: (to: SimulatedNode) => Reply) =>
      self.calls.run(
        name,
        `memory://${other}`,
        CALL_TIMEOUT_MS,
        () => this.#send(self, this.#current[other]!, answer),
      );
    return {
      host: `memory://${other}`,
      acquire: (request) => ask("acquire", ({ table }) => table.acquire(request)),
      refresh: (request) => ask("refresh", ({ table }) => table.refresh(request)),
      release: (request) => ask("release", ({ table }) => table.release(request)),
      learn: () => ask("learn", ({ table }) => table.teach()),
      read: (request) => ask("read", ({ replica }) => replica.read(request)),
      write: (request) => ask("write", ({ replica }) => replica.write(request)),
    };
  }

  /** A message there and a message back, each of which may be late or lost. */
  #send<Reply>(
    from: SimulatedNode,
    to: SimulatedNode,
    answer: (to: SimulatedNode) => Reply,
  ): Promise<Reply> {
    const { promise, resolve, reject } = Promise.withResolvers<Reply>();
    from.clock.setTimer(CALL_TIMEOUT_MS, () => reject(new Error("timed out")));
    this.#deliver(from, to, () => {
      const reply = answer(to);
      this.#deliver(to, from, () => resolve(reply));
    });
    return promise;
  }

  #deliver(from: SimulatedNode, to: SimulatedNode, arrive: () => void): void {
    const { lossy, random } = this.#options;
    if (lossy && random.chance(0.01)) return;
    const now = this.clock.now();
    let arrivesAt = now + random.exponential(lossy && random.chance(0.01) ? 500 : 3);
    if (!lossy) {
      const way = `${from.node}.${from.life} ${to.node}.${to.life}`;
      arrivesAt = Math.max(arrivesAt, this.#arrivals.get(way) ?? 0);
      this.#arrivals.set(way, arrivesAt);
    }
    to.clock.deliver(arrivesAt - now, arrive);
  }

  #note(event: SupervisorEvent["event"], { node, life }: SimulatedNode): void {
    this.#supervisor.push({ event, at: this.clock.now(), node, life, holding: false });
  }
}

/** Lets the service run for a while, with nodes killed, frozen and started again all the time. */
export async function playService(options: ServiceOptions, durationMs: number): Promise<Verdict> {
  const service = new SimulatedService(options);
  const { random, nodes } = options;
  const { clock } = service;
  const mayBeAway = nodes - majorityOf(nodes);
  const repairs: Promise<void>[] = [];
  const play = async () => {
    const endAt = clock.now() + durationMs;
    while (clock.now() < endAt) {
      await clock.advance(random.exponential(700));
      const node = random.int(0, nodes - 1);
      if (service.away >= mayBeAway || !service.isUp(node)) continue;
      if (random.chance(0.5)) {
        service.kill(node);
        repairs.push(clock.advance(random.exponential(300)).then(() => service.start(node)));
      } else {
        service.freeze(node);
        repairs.push(clock.advance(random.exponential(2_000)).then(() => service.thaw(node)));
      }
    }
    await Promise.all(repairs);
    return await service.finish();
  };
  return await clock.complete(play());
}
