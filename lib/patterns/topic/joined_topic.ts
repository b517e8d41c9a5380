/**
 * A topic on one node.
 *
 * @module
 */

import { InternodeError } from "../../errors.ts";
import { optionsOf } from "../../foreign/option_checks.ts";
import type { Codec } from "../../codec/format/codec.ts";
import type { Manager } from "../../grid/manager.ts";
import type { AllowRule } from "../../rpc/contract/allow.ts";
import {
  type BackOffOptions,
  DEFAULT_BACK_OFF,
  resolveBackOff,
} from "../../rpc/connecting/back_off.ts";
import type { Clock, Random } from "../../runtime/clock.ts";
import { clockOf, randomOf } from "../../runtime/given_clock.ts";
import type { TopicContract } from "./feed.ts";
import type { QueuedMessage } from "./inbox.ts";
import { Publisher, type SubscribedNode } from "./publisher.ts";
import { Subscribers } from "./subscribers.ts";
import { Subscription } from "./subscription.ts";
import { type EncodedMessage, MessageSlab } from "./message_slab.ts";
import type { PublishedMessage } from "./frame_queue.ts";
import type { TopicFrame } from "./topic_frame.ts";
import type { TopicSettings } from "./topic_options.ts";

/** How a node joins a topic. */
export interface JoinOptions {
  /** Which peers may subscribe to what this node publishes, see `allowNames`. Default: every peer. */
  readonly allow?: AllowRule | undefined;
  /** How long to wait before subscribing at a publisher again. Default: as for connections, 20 ms to 2 s. */
  readonly backOff?: Partial<BackOffOptions> | undefined;
  /** Where time comes from; for simulations. Default: the system's clock. */
  readonly clock?: Clock | undefined;
  /** Where jitter and names of processes come from; for simulations. Default: the system's random numbers. */
  readonly random?: Random | undefined;
}

/** How a subscription is made. */
export interface SubscribeOptions {
  /** Ends it with its reason, behind what is queued. Default: none. */
  readonly signal?: AbortSignal | undefined;
}

/** What a node does with a topic. */
export interface TopicStats {
  /** How many messages it has published. */
  readonly published: number;
  /** How many of these the policy has dropped, for all nodes that ever subscribed. */
  readonly dropped: number;
  /** The nodes that subscribe here. */
  readonly nodes: readonly SubscribedNode[];
  /** How many subscriptions there are on this node. */
  readonly subscriptions: number;
}

/**
 * A topic on one node, from `Topic.join`.
 *
 * @typeParam T What is published.
 */
export class JoinedTopic<T> implements AsyncDisposable {
  readonly #local: string;
  readonly #slab: MessageSlab<T>;
  readonly #settings: TopicSettings;
  readonly #publisher: Publisher<T>;
  readonly #subscribers: Subscribers<T>;
  /** The last of those that wait for room to publish. */
  #publishing: Promise<void> | null = null;
  #closed = false;

  /** Made by `Topic.join`. */
  constructor(
    grid: Manager,
    contract: TopicContract<T>,
    codec: Codec<T>,
    settings: TopicSettings,
    options: JoinOptions,
  ) {
    const { allow, backOff, clock, random } = optionsOf("join", options);
    const chance = randomOf(random), time = clockOf(clock);
    this.#local = grid.local;
    this.#slab = new MessageSlab(codec);
    this.#settings = settings;
    const publisher = this.#publisher = new Publisher<T>(settings, time, chance);
    this.#subscribers = new Subscribers(grid, settings, {
      contract,
      codec,
      replay: settings.replay,
      dropsNewest: settings.slow === "drop-newest",
      backOff: resolveBackOff("backOff", DEFAULT_BACK_OFF, backOff),
      clock: time,
      random: chance,
    });
    this.#subscribers.onNodeClosed = () => this.#closed = true;
    grid.handle(
      contract,
      // Types of async iterators say that each result is promised, which streams do not ask for.
      (joining, _, { caller, closing }) =>
        publisher.open(caller, joining, closing) as unknown as AsyncIterable<TopicFrame<T>>,
      allow === undefined ? {} : { allow },
    );
  }

  /**
   * Publishes a message to all subscribers that there are now: those of this
   * node, without a socket, and the nodes with subscribers. It is encoded once.
   *
   * @param value The message; it must not be changed afterwards.
   * @returns Resolves at once, or with the policy `"backpressure"` when each subscriber has room for it. That says nothing of its arrival.
   * @throws {InternodeError} `InvalidPayload` if it does not fit the codec, `Closed` after `close`.
   */
  publish(value: T): Promise<void> {
    let message: EncodedMessage;
    try {
      if (this.#closed) throw closed();
      message = this.#slab.encode(value);
    } catch (error) {
      return Promise.reject(error);
    }
    if (
      this.#settings.slow === "backpressure" && (this.#publishing !== null || this.#room() !== null)
    ) return this.#publishLater(value, message);
    this.#publish(value, message);
    return PUBLISHED;
  }

  /**
   * Subscribes to all publishers, this node among them. It begins now: a
   * publisher's messages come from when it has learned of the subscription on.
   *
   * @param options What ends it.
   * @throws {InternodeError} `Closed` after `close`.
   */
  subscribe(options: SubscribeOptions = {}): Subscription<T> {
    const { signal } = optionsOf("subscribe", options);
    if (this.#closed) throw closed();
    const kept = Array.from(this.#publisher.kept, (message) => this.#own(message));
    return new Subscription(this.#subscribers.add(signal, kept));
  }

  /** Counters, and who subscribes. */
  stats(): TopicStats {
    const { published, dropped, nodes } = this.#publisher;
    return { published, dropped, nodes, subscriptions: this.#subscribers.size };
  }

  /**
   * Ends the topic on this node: subscriptions come to a clean end behind what
   * is queued, and nothing is published any more. Do so before the grid closes.
   */
  close(): void {
    this.#closed = true;
    this.#publisher.close();
    this.#subscribers.end(undefined);
  }

  /** Ends the topic on this node. */
  [Symbol.asyncDispose](): Promise<void> {
    this.close();
    return Promise.resolve();
  }

  #publish(value: T, encoded: EncodedMessage): void {
    const message = this.#publisher.publish(value, encoded);
    if (this.#subscribers.size > 0) this.#subscribers.onMessage(this.#own(message), false);
  }

  /** One after the other, when each subscriber has room. */
  #publishLater(value: T, message: EncodedMessage): Promise<void> {
    const published = (this.#publishing ?? PUBLISHED).then(async () => {
      for (let full = this.#room(); full !== null; full = this.#room()) await full;
      if (this.#closed) throw closed();
      this.#publish(value, message);
    });
    const settled = published.catch(() => {});
    this.#publishing = settled;
    void settled.then(() => {
      if (this.#publishing === settled) this.#publishing = null;
    });
    return published;
  }

  #room(): Promise<void> | null {
    return this.#publisher.room() ?? this.#subscribers.room();
  }

  #own({ value, at, size }: PublishedMessage<T>): QueuedMessage<T> {
    return { value, publisher: this.#local, sequence: at, size };
  }
}

function closed(): InternodeError {
  return new InternodeError("Closed", "This topic is closed on this node.", { origin: "caller" });
}

const PUBLISHED: Promise<void> = Promise.resolve();
