/**
 * A history of a topic: nodes publish and subscribe while connections are lost,
 * nodes freeze, crash and start anew, and lists of hosts change.
 *
 * What must hold: messages of one publisher come in order and at most once; each
 * message is read, or counted as dropped or as missed; without a fault, what is
 * missed is what publishers have dropped; with `backpressure` nothing is dropped;
 * in the end exactly the nodes that subscribe get anything.
 *
 * @module
 */

import { InternodeError, type Manager } from "@internode/grid";
import * as t from "@internode/grid/codec";
import { type JoinedTopic, type SlowPolicy, topic } from "@internode/grid/patterns";
import { SeededRandom, type SimulatedCluster } from "@internode/grid/testing";
import type { Clock } from "../../../lib/runtime/clock.ts";
import { simulatedGrid } from "../../support/simulation/simulated_grid.ts";
import { pause } from "../../support/pause.ts";
import { PATIENCE_MS } from "../history.ts";
import { changeHosts, trouble } from "../hosts_trouble.ts";
import {
  type Note,
  type PublisherRecord,
  SubscriberRecord,
  type TopicFault,
  TopicLedger,
} from "./topic_ledger.ts";

const WINDOW_MS = 4_000;
/** Within that time a word of each publisher comes where nothing is wrong yet. */
const GREETING_MS = 100;
/** Each publisher says something at the end, by which the others know what they have missed. */
const LAST_MESSAGES = 2;
const POLICIES: readonly SlowPolicy[] = [
  "drop-oldest",
  "drop-newest",
  "disconnect",
  "backpressure",
];
const note = t.record({ from: t.uint(), life: t.uint(), at: t.uint() });

/** Plays one history, and gives its digest. Rejects with what must not have happened. */
export async function playTopic(seed: number, fault: TopicFault = "none"): Promise<string> {
  const history = new TopicHistory(seed, fault);
  await history.grid.run(() => history.play());
  await history.grid.close();
  return history.grid.history.digest;
}

class TopicHistory {
  readonly grid: SimulatedCluster<Manager>;
  readonly #random: SeededRandom;
  readonly #fault: TopicFault;
  readonly #slow: SlowPolicy;
  readonly #ledger: TopicLedger;
  /** The nodes that subscribe. */
  readonly #subscribes: readonly boolean[];
  readonly #joined: (JoinedTopic<Note> | null)[];
  readonly #publishers: (PublisherRecord | null)[];
  readonly #maxQueued: number;
  #overfull: string | null = null;
  #hasBegun = false;
  #isOver = false;
  #hadCrashes = false;

  constructor(seed: number, fault: TopicFault) {
    const random = this.#random = new SeededRandom(seed), nodes = random.int(2, 5);
    this.#fault = fault;
    this.#slow = random.pick(POLICIES);
    const replay = random.pick([0, 0, 1, 2]);
    this.#ledger = new TopicLedger(this.#slow, replay > 0);
    this.#subscribes = Array.from({ length: nodes }, (_, node) => node < 1 || random.chance(0.7));
    this.#joined = this.#subscribes.map(() => null);
    this.#publishers = this.#subscribes.map(() => null);
    const maxQueued = this.#maxQueued = random.pick([2, 8, 1_000]);
    const news = topic<Note>("news", note, {
      slow: this.#slow,
      maxQueued,
      ...random.chance(0.3) && { maxQueuedBytes: random.int(30, 300) },
      replay,
    });
    this.grid = simulatedGrid({
      nodes,
      seed,
      channels: random.pick(["bytes", "messages"]),
      serve: (manager, { index, restarts, clock }) => {
        const before = this.#publishers[index];
        if (before !== null && before !== undefined) before.isDown = true;
        for (const record of this.#ledger.subscribers) {
          if (record.node === index) record.isDown = true;
        }
        const joined = news.join(manager, { clock, random });
        const record = { from: index, life: restarts, joined, published: 0, isDown: false };
        this.#joined[index] = joined;
        this.#publishers[index] = record;
        this.#ledger.publishers.push(record);
        if (this.#subscribes[index]!) void this.#subscribe(index, joined, clock);
      },
    });
  }

  async play(): Promise<void> {
    const { grid } = this, random = this.#random, { clock, size } = grid;
    await grid.start();
    await clock.runUntil(() => this.#allSubscribed, PATIENCE_MS, "all to have subscribed");
    // Who is lost before a publisher's first word has come cannot know from which message on it subscribed.
    await clock.advance(GREETING_MS);
    this.#hasBegun = true;
    for (let many = random.int(20, 100); many > 0; many--) {
      const node = random.int(0, size - 1);
      clock.setTimer(random.float(0, WINDOW_MS), () => this.#publish(node, random.int(1, 4)));
    }
    const hasFaults = random.chance(0.7);
    const troubles = hasFaults
      ? Array.from({ length: random.int(1, 5) }, () =>
        trouble(grid, random, WINDOW_MS, (index) => {
          this.#hadCrashes = true;
          this.#publishers[index]!.isDown = true;
        }))
      : [];
    if (hasFaults && random.chance(0.3)) changeHosts(grid, random, WINDOW_MS);
    await clock.advance(WINDOW_MS);
    await Promise.all(troubles);
    grid.heal();
    await this.#settle();
    for (let last = 0; last < LAST_MESSAGES; last++) {
      for (let node = 0; node < size; node++) {
        this.#publish(node, 1);
        await clock.advance(500);
      }
      await this.#settle();
    }
    this.#ledger.judge(hasFaults, this.#hadCrashes);
    if (this.#overfull !== null) throw new Error(this.#overfull);
    this.#isOver = true;
    for (const joined of this.#joined) joined!.close();
    await clock.advance(5_000);
  }

  /** Whether each node with subscriptions gets what each other one publishes, and no other node does. */
  get #allSubscribed(): boolean {
    const wanted = this.grid.hosts.filter((_, node) => this.#subscribes[node]).sort();
    return this.#joined.every((joined, node) => {
      const nodes = joined!.stats().nodes.map(({ host }) => host).sort();
      return String(nodes) === String(wanted.filter((host) => host !== this.grid.hosts[node]));
    });
  }

  /** Until it stays so: a peer that has died without a word is subscribed until that is noticed. */
  async #settle(): Promise<void> {
    const { clock } = this.grid;
    const isSettled = (): boolean => this.#allSubscribed && this.#ledger.isQuiet;
    for (let since = 0; since < 5; since++) {
      await clock.runUntil(isSettled, PATIENCE_MS, "all to subscribe again, and to have read all");
      await clock.advance(500);
      if (!isSettled()) since = 0;
    }
  }

  #publish(node: number, many: number): void {
    const record = this.#publishers[node]!, { from, life, joined } = record;
    if (record.isDown || !this.grid.isRunning(node) || this.grid.isFrozen(node)) return;
    for (; many > 0; many--) {
      const at = ++record.published;
      const isWrong = this.#fault !== "none" && this.#random.chance(0.2);
      const told = isWrong && this.#fault === "swaps" ? at + 1 : at;
      if (isWrong && this.#fault === "doubles") void joined.publish({ from, life, at: told - 1 });
      joined.publish({ from, life, at: told }).catch((error) => {
        if (!record.isDown) this.#ledger.faults.push(`node ${node} cannot publish: ${error}`);
      });
      this.#look(node, joined);
    }
  }

  /** All queues have a bound. */
  #look(node: number, joined: JoinedTopic<Note>): void {
    for (const { host, queued } of joined.stats().nodes) {
      if (queued > this.#maxQueued) this.#overfull = `${queued} wait at node ${node} for ${host}`;
    }
    for (const { isDown, failure, subscription, node: at } of this.#ledger.subscribers) {
      if (isDown || failure !== undefined) continue;
      // With backpressure each publisher may have one on its way.
      const most = this.#maxQueued + (this.#slow === "backpressure" ? this.grid.size : 0);
      if (subscription.queued > most) this.#overfull = `${subscription.queued} wait at node ${at}`;
    }
  }

  /** Subscribes, and again whenever it was too slow. */
  async #subscribe(node: number, joined: JoinedTopic<Note>, clock: Clock): Promise<void> {
    while (!this.#isOver) {
      const subscription = joined.subscribe(), isFirst = !this.#hasBegun;
      const record = new SubscriberRecord(node, subscription, isFirst);
      this.#ledger.subscribers.push(record);
      try {
        await this.#read(record, clock);
        return;
      } catch (error) {
        record.failure = error;
        const isSlow = error instanceof InternodeError && error.code === "Overloaded";
        if (!isSlow || this.#slow !== "disconnect") {
          this.#ledger.faults.push(`node ${node} was disconnected: ${error}`);
          return;
        }
      }
    }
  }

  async #read(record: SubscriberRecord, clock: Clock): Promise<void> {
    const random = this.#random, isSlow = random.chance(0.5);
    for await (const message of record.subscription) {
      if (this.#fault === "loses" && random.chance(0.1)) continue;
      const wrong = record.onRead(message, this.grid.hosts[message.value.from]!);
      if (wrong !== null) this.#ledger.faults.push(`node ${record.node}: ${wrong}`);
      if (isSlow && random.chance(0.3)) await pause(clock, random.float(0, 80));
    }
  }
}
