/**
 * The publishing side of a topic on one node.
 *
 * @module
 */

import { hexOf } from "../../foreign/hex.ts";
import type { Random } from "../../runtime/clock.ts";
import { Fifo } from "../../wire/fifo.ts";
import { Outlet } from "./outlet.ts";
import { helloFrame, LIFE_BYTES, number, type TopicFrame } from "./topic_frame.ts";
import type { TopicSettings } from "./topic_options.ts";

/** What a node that subscribes says first. */
export interface Joining {
  /** How many of the last messages it wants. */
  readonly replay: number;
  /** The publisher's life that it has seen, and the number of the last message. */
  readonly seen?: { readonly life: string; readonly at: number };
}

/** A node that subscribes, for statistics. */
export interface SubscribedNode {
  /** Its name. */
  readonly host: string;
  /** How many messages wait for it. */
  readonly queued: number;
  /** How many the policy has dropped since it subscribed. */
  readonly dropped: number;
}

/** Numbers messages, and puts them into the queue of each node that subscribes. */
export class Publisher<T> {
  /** How many messages were published. */
  published = 0;
  readonly #settings: TopicSettings;
  /** Tells this process from the ones before it. */
  readonly #life: Uint8Array;
  readonly #lifeName: string;
  readonly #outlets = new Set<Outlet<T>>();
  /** The last messages, the oldest first. */
  readonly #kept = new Fifo<TopicFrame<T>>();
  #droppedBefore = 0;
  #closed = false;

  constructor(settings: TopicSettings, random: Random) {
    this.#settings = settings;
    this.#life = random.bytes(LIFE_BYTES);
    this.#lifeName = hexOf(this.#life);
  }

  /** The last messages, as many as are kept. */
  get kept(): Iterable<TopicFrame<T>> {
    return this.#kept;
  }

  /** How many messages the policy has dropped, for all nodes that ever subscribed. */
  get dropped(): number {
    let dropped = this.#droppedBefore;
    for (const { queue } of this.#outlets) dropped += queue.dropped;
    return dropped;
  }

  /** The nodes that subscribe. */
  get nodes(): readonly SubscribedNode[] {
    return [...this.#outlets].map(({ host, queue }) => ({
      host,
      queued: queue.length,
      dropped: queue.dropped,
    }));
  }

  /** Publishes a message; it gets the next number. */
  publish(frame: TopicFrame<T>): void {
    number(frame, ++this.published);
    const { replay } = this.#settings;
    if (replay > 0) {
      if (this.#kept.length === replay) this.#kept.shift();
      this.#kept.push(frame);
    }
    for (const { queue } of this.#outlets) queue.push(frame);
  }

  /** Resolves when each node has room for a message; `null`: each has. */
  room(): Promise<void> | null {
    for (const { queue } of this.#outlets) if (!queue.hasRoom) return queue.room();
    return null;
  }

  /** Publishes no more; what is queued is still sent. */
  close(): void {
    this.#closed = true;
    this.#kept.clear();
    for (const { queue } of [...this.#outlets]) queue.end();
  }

  /**
   * A node subscribes.
   *
   * @param closing Aborts when this node closes.
   */
  open(host: string, { replay, seen }: Joining, closing: AbortSignal): Outlet<T> {
    const last = this.published, oldest = last - this.#kept.length;
    const from = seen?.life === this.#lifeName && seen.at <= last
      ? Math.max(seen.at, oldest)
      : Math.max(last - replay, oldest);
    const outlet = new Outlet<T>(
      host,
      helloFrame(this.#life, from, last),
      this.#settings,
      closing,
      (ended) => {
        if (this.#outlets.delete(ended)) this.#droppedBefore += ended.queue.dropped;
      },
    );
    // A closed topic says nothing, so that its subscribers need not ask again and again.
    if (closing.aborted || this.#closed) return outlet;
    this.#outlets.add(outlet);
    for (const frame of [...this.#kept].slice(from - oldest)) outlet.queue.push(frame, true);
    return outlet;
  }
}
