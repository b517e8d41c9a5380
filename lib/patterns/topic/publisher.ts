/**
 * The publishing side of a topic on one node.
 *
 * @module
 */

import { hexOf } from "../../foreign/hex.ts";
import type { Clock, Random } from "../../runtime/clock.ts";
import { Fifo } from "../../wire/fifo.ts";
import type { EncodedMessage } from "./message_slab.ts";
import { Outlet } from "./outlet.ts";
import { FrameCache } from "./frame_cache.ts";
import type { PublishedMessage } from "./frame_queue.ts";
import { helloFrame, LIFE_BYTES } from "./topic_frame.ts";
import type { TopicSettings } from "./topic_options.ts";

/** What a node that subscribes says first. */
export interface Joining {
  /** How many of the last messages it wants. */
  readonly replay: number;
  /** The publisher's life that it has seen, and the number of the last message. */
  readonly seen?: { readonly life: string; readonly at: number };
  /** Whether each message has to come by itself, as several together were too long. */
  readonly alone: boolean;
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
  /** Made anew when a node comes or goes: each message goes through it. */
  #outlets: readonly Outlet<T>[] = [];
  /** The last messages, the oldest first. */
  readonly #kept = new Fifo<PublishedMessage<T>>();
  readonly #clock: Clock;
  readonly #frames = new FrameCache();
  /** Those that hold messages back until the turn is over. */
  #held: Outlet<T>[] = [];
  #droppedBefore = 0;
  #closed = false;

  constructor(settings: TopicSettings, clock: Clock, random: Random) {
    this.#settings = settings;
    this.#clock = clock;
    this.#life = random.bytes(LIFE_BYTES);
    this.#lifeName = hexOf(this.#life);
  }

  /** The last messages, as many as are kept. */
  get kept(): Iterable<PublishedMessage<T>> {
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
    return this.#outlets.map(({ host, queue }) => ({
      host,
      queued: queue.length,
      dropped: queue.dropped,
    }));
  }

  /** Publishes a message; it gets the next number. */
  publish(value: T, { bytes, start, end }: EncodedMessage): PublishedMessage<T> {
    const message = { value, at: ++this.published, bytes, start, end, size: end - start };
    const { replay } = this.#settings;
    if (replay > 0) {
      if (this.#kept.length === replay) this.#kept.shift();
      this.#kept.push(message);
    }
    const outlets = this.#outlets;
    for (let at = 0; at < outlets.length; at++) outlets[at]!.push(message);
    return message;
  }

  /** Resolves when each node has room for a message; `null`: each has. */
  room(): Promise<void> | null {
    const outlets = this.#outlets;
    for (let at = 0; at < outlets.length; at++) {
      const { queue } = outlets[at]!;
      if (!queue.hasRoom) return queue.room();
    }
    return null;
  }

  /** Publishes no more; what is queued is still sent. */
  close(): void {
    this.#closed = true;
    this.#kept.clear();
    for (const { queue } of this.#outlets) queue.end();
  }

  /**
   * A node subscribes.
   *
   * @param closing Aborts when this node closes.
   */
  open(host: string, { replay, seen, alone }: Joining, closing: AbortSignal): Outlet<T> {
    const last = this.published, oldest = last - this.#kept.length;
    const from = seen?.life === this.#lifeName && seen.at <= last
      ? Math.max(seen.at, oldest)
      : Math.max(last - replay, oldest);
    const outlet = new Outlet<T>({
      host,
      hello: helloFrame(this.#life, from, last),
      isAlone: alone,
      frames: this.#frames,
      settings: this.#settings,
      closing,
      onHold: (held) => this.#hold(held),
      onEnd: (ended) => {
        if (!this.#outlets.includes(ended)) return;
        this.#outlets = this.#outlets.filter((outlet) => outlet !== ended);
        this.#droppedBefore += ended.queue.dropped;
      },
    });
    // A closed topic says nothing, so that its subscribers need not ask again and again.
    if (closing.aborted || this.#closed) return outlet;
    this.#outlets = [...this.#outlets, outlet];
    for (const message of [...this.#kept].slice(from - oldest)) outlet.push(message, true);
    return outlet;
  }

  /** All go on together in the next turn. */
  #hold(outlet: Outlet<T>): void {
    this.#held.push(outlet);
    if (this.#held.length > 1) return;
    this.#clock.soon(() => {
      const held = this.#held;
      this.#held = [];
      for (const each of held) each.goOn();
      this.#frames.clear();
    });
  }
}
