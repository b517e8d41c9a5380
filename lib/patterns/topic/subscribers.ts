/**
 * The subscriptions of one node, and where their messages come from.
 *
 * @module
 */

import type { Connection } from "../../grid/connection.ts";
import type { Manager } from "../../grid/manager.ts";
import { tooSlow } from "./bounded_queue.ts";
import { Feed, type FeedParts, type FeedSink, type Seen } from "./feed.ts";
import { Inbox, type QueuedMessage } from "./inbox.ts";
import type { TopicSettings } from "./topic_options.ts";

/** Feeds the subscriptions from all peers, for as long as there are any. */
export class Subscribers<T> implements FeedSink<T> {
  /** Is told that the node closes under its subscriptions. */
  onNodeClosed: () => void = () => {};
  readonly #grid: Manager;
  readonly #settings: TopicSettings;
  readonly #parts: Omit<FeedParts<T>, "sink">;
  readonly #inboxes = new Set<Inbox<T>>();
  /** By the publisher's host; none while nobody subscribes. */
  readonly #feeds = new Map<string, Feed<T>>();
  /** What was seen of hosts that have left, so that nothing comes twice if they are back. */
  readonly #seen = new Map<string, Seen>();
  #leaveHosts: (() => void) | null = null;

  constructor(grid: Manager, settings: TopicSettings, parts: Omit<FeedParts<T>, "sink">) {
    this.#grid = grid;
    this.#settings = settings;
    this.#parts = parts;
  }

  /** How many subscriptions there are. */
  get size(): number {
    return this.#inboxes.size;
  }

  /**
   * Adds a subscription.
   *
   * @param kept The last messages of this node.
   */
  add(signal: AbortSignal | undefined, kept: readonly QueuedMessage<T>[]): Inbox<T> {
    const inbox = new Inbox<T>(this.#settings, signal, (ended) => {
      this.#inboxes.delete(ended);
      if (this.#inboxes.size === 0) this.#stop();
    });
    this.#inboxes.add(inbox);
    for (const message of kept) inbox.queue.push(message, true);
    for (const feed of this.#feeds.values()) {
      for (const message of feed.kept) inbox.queue.push(message, true);
    }
    if (this.#leaveHosts === null) this.#start();
    inbox.watch();
    return inbox;
  }

  /** Ends all subscriptions behind what is queued. */
  end(error: unknown): void {
    for (const { queue } of [...this.#inboxes]) queue.end(error);
  }

  /** A message has come. */
  onMessage(message: QueuedMessage<T>, isReplayed: boolean): void {
    for (const { queue } of this.#inboxes) queue.push(message, isReplayed);
  }

  /** So many messages will not come. */
  onMissed(count: number): void {
    for (const inbox of this.#inboxes) inbox.missed += count;
  }

  /** Messages have come for which there is room. */
  onMessages(messages: QueuedMessage<T>[], bytes: number): void {
    let left = this.#inboxes.size;
    // Each has an array of its own.
    for (const { queue } of this.#inboxes) {
      queue.pushAll(--left === 0 ? messages : messages.slice(), bytes);
    }
  }

  /** Resolves when one that is full has room for so many, or half of what it may hold; `null`: all have, or need not. */
  room(items = 1): Promise<void> | null {
    if (this.#settings.slow !== "backpressure") return null;
    for (const { queue } of this.#inboxes) if (!queue.hasRoomFor(items)) return queue.room(items);
    return null;
  }

  /** For how many of so many messages, of so many bytes together, there is room with all subscriptions. */
  fitting(items: number, bytes: number): number {
    let fitting = items;
    for (const { queue } of this.#inboxes) {
      fitting = Math.min(fitting, queue.fitting(items, bytes));
    }
    return fitting;
  }

  /** A publisher has given this node up. */
  onTooSlow(): void {
    this.end(tooSlow());
  }

  /** This node closes. */
  onClosed(error: unknown): void {
    this.onNodeClosed();
    this.end(error);
  }

  #start(): void {
    this.#leaveHosts = this.#grid.onHostsChange(({ left }) => {
      for (const host of left) this.#leave(host);
      this.#feedAll();
    });
    this.#feedAll();
  }

  #feedAll(): void {
    for (const peer of this.#grid.connections()) this.#feed(peer);
  }

  #feed(peer: Connection): void {
    const { host } = peer;
    if (this.#feeds.has(host)) return;
    const seen = this.#seen.get(host) ?? null;
    this.#seen.delete(host);
    this.#feeds.set(host, new Feed(peer, { ...this.#parts, sink: this }, seen));
  }

  #leave(host: string): void {
    const feed = this.#feeds.get(host);
    if (feed === undefined) return;
    feed.stop();
    this.#feeds.delete(host);
    if (feed.seen === null) return;
    this.#seen.set(host, feed.seen);
    if (this.#seen.size > MAX_SEEN) this.#seen.delete(this.#seen.keys().next().value!);
  }

  #stop(): void {
    this.#leaveHosts?.();
    this.#leaveHosts = null;
    for (const feed of this.#feeds.values()) feed.stop();
    this.#feeds.clear();
    this.#seen.clear();
  }
}

/** Of so many hosts that have left is known what was seen of them. */
const MAX_SEEN = 1_024;
