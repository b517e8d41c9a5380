/**
 * What publishers and subscribers of a topic have seen, and whether it can be true together.
 *
 * @module
 */

import type { JoinedTopic, SlowPolicy, Subscription, TopicMessage } from "@internode/grid/patterns";

/** What is published: who, in which life, and the how-manieth message. */
export interface Note {
  readonly from: number;
  readonly life: number;
  readonly at: number;
}

/** A fault put in on purpose, which the checker must find. */
export type TopicFault = "none" | "doubles" | "swaps" | "loses";

/** A node's publisher in one life. */
export interface PublisherRecord {
  readonly from: number;
  readonly life: number;
  readonly joined: JoinedTopic<Note>;
  published: number;
  isDown: boolean;
}

/** A subscription on a node. */
export class SubscriberRecord {
  readonly node: number;
  /** Whether it was there before the first message was published. */
  readonly isFirst: boolean;
  received = 0;
  /** What it has ended with. */
  failure: unknown = undefined;
  /** Whether its node has crashed. */
  isDown = false;
  readonly subscription: Subscription<Note>;
  readonly #last = new Map<number, Note>();

  constructor(node: number, subscription: Subscription<Note>, isFirst: boolean) {
    this.node = node;
    this.subscription = subscription;
    this.isFirst = isFirst;
  }

  /** A message was read; returns what is wrong with it. */
  onRead({ value, publisher, sequence }: TopicMessage<Note>, host: string): string | null {
    this.received++;
    const { from, life, at } = value, last = this.#last.get(from);
    this.#last.set(from, value);
    if (publisher !== host) return `a message of ${host} came as one of ${publisher}`;
    if (sequence !== at) return `message ${at} has the number ${sequence}`;
    if (last === undefined || life > last.life || life === last.life && at > last.at) return null;
    return `message ${at} of life ${life} came behind ${last.at} of life ${last.life}`;
  }
}

/** One history. */
export class TopicLedger {
  readonly publishers: PublisherRecord[] = [];
  readonly subscribers: SubscriberRecord[] = [];
  readonly faults: string[] = [];
  readonly #slow: SlowPolicy;
  readonly #replays: boolean;

  constructor(slow: SlowPolicy, replays: boolean) {
    this.#slow = slow;
    this.#replays = replays;
  }

  /** Whether anything is still to be read. */
  get isQuiet(): boolean {
    return this.subscribers.every(({ isDown, subscription }) =>
      isDown || subscription.queued === 0
    ) && this.publishers.every(({ isDown, joined }) =>
      isDown || joined.stats().nodes.every(({ queued }) =>
        queued === 0
      )
    );
  }

  /**
   * Judges the counts, when nothing is under way any more.
   *
   * @param hadFaults Whether connections may have been lost.
   * @param hadCrashes Whether processes have ended, and taken messages with them.
   */
  judge(hadFaults: boolean, hadCrashes: boolean): void {
    const living = this.publishers.filter(({ isDown }) => !isDown);
    const published = this.publishers.reduce((sum, record) => sum + record.published, 0);
    for (const record of living) {
      if (record.joined.stats().published !== record.published) {
        this.faults.push(`node ${record.from} counts ${record.joined.stats().published} published`);
      }
    }
    let missed = 0;
    for (const record of this.subscribers) {
      const { isDown, isFirst, failure, received, subscription, node } = record;
      if (isDown || failure !== undefined) continue;
      missed += subscription.missed;
      const all = received + subscription.dropped + subscription.missed;
      const told = `node ${node} has read ${received}, dropped ${subscription.dropped} and ` +
        `missed ${subscription.missed} of ${published}`;
      if (all > published || isFirst && !hadCrashes && all !== published) this.faults.push(told);
      if (this.#slow === "backpressure" && !this.#replays && subscription.dropped > 0) {
        this.faults.push(told);
      }
    }
    const dropped = living.reduce((sum, { joined }) => sum + joined.stats().dropped, 0);
    if (this.#slow === "backpressure" && !this.#replays && dropped > 0) {
      this.faults.push(`${dropped} were dropped`);
    }
    const isWhole = this.#slow !== "disconnect" && !hadFaults;
    if (isWhole && missed !== dropped) {
      this.faults.push(`${missed} were missed, and ${dropped} dropped`);
    }
    if (this.faults.length > 0) throw new Error(this.faults.join("\n"));
  }
}
