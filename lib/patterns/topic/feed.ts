/**
 * The messages of one publisher, on a node that subscribes.
 *
 * @module
 */

import type { Codec } from "../../codec/format/codec.ts";
import { isOwnError } from "../../foreign/own_error.ts";
import type { Connection } from "../../grid/connection.ts";
import type { StreamContract } from "../../rpc/contract/contract.ts";
import { type BackOffOptions, LastingBackOff } from "../../rpc/connecting/back_off.ts";
import type { Clock, Random } from "../../runtime/clock.ts";
import { pause } from "../../runtime/pause.ts";
import { Fifo } from "../../wire/fifo.ts";
import type { Joining } from "./publisher.ts";
import { SLOW_SUBSCRIBER } from "./outlet.ts";
import type { QueuedMessage } from "./inbox.ts";
import { messagesOf, type ReceivedMessage, type TopicFrame } from "./topic_frame.ts";

/** What a publisher's handler gives. */
export type TopicContract<T> = StreamContract<Joining, never, TopicFrame<T>>;

/** The subscribers of a node. */
export interface FeedSink<T> {
  /** A message has come. */
  onMessage(message: QueuedMessage<T>, isReplayed: boolean): void;
  /** So many messages will not come. */
  onMissed(count: number): void;
  /** Messages have come for which there is room; whoever takes them owns the array. */
  onMessages(messages: QueuedMessage<T>[], bytes: number): void;
  /** Resolves when all subscribers have room for some of so many; `null`: they have. */
  room(items: number): Promise<void> | null;
  /** For how many of so many messages, of so many bytes together, there is room with all subscribers. */
  fitting(items: number, bytes: number): number;
  /** The publisher has given this node up, as it was too slow. */
  onTooSlow(): void;
  /** This node closes. */
  onClosed(error: unknown): void;
}

/** What has come of a publisher. */
export interface Seen {
  /** The publisher's life. */
  readonly life: string;
  /** The number up to which its messages have come, or never will. */
  readonly at: number;
}

/** What feeds of a node share. */
export interface FeedParts<T> {
  readonly contract: TopicContract<T>;
  /** Carries a message. */
  readonly codec: Codec<T>;
  readonly replay: number;
  /** Whether one message of a frame may be queued, and those behind it dropped. */
  readonly dropsNewest: boolean;
  readonly backOff: BackOffOptions;
  readonly clock: Clock;
  readonly random: Random;
  readonly sink: FeedSink<T>;
}

/** Subscribes at one publisher, again after each loss. */
export class Feed<T> {
  /** The last messages, for subscribers of this node that come late. */
  readonly kept: Fifo<QueuedMessage<T>> = new Fifo();
  readonly #parts: FeedParts<T>;
  readonly #peer: Connection;
  readonly #stopped = new AbortController();
  #life = "";
  #at = 0;
  /** Up to here messages are replayed. */
  #live = 0;
  /** Whether several messages together were too long for this node. */
  #alone = false;

  /**
   * Begins at once.
   *
   * @param seen What has come of the publisher before.
   */
  constructor(peer: Connection, parts: FeedParts<T>, seen: Seen | null) {
    this.#life = seen?.life ?? "";
    this.#at = seen?.at ?? 0;
    this.#peer = peer;
    this.#parts = parts;
    void this.#run();
  }

  /** What has come of the publisher; `null`: nothing yet. */
  get seen(): Seen | null {
    return this.#life === "" ? null : { life: this.#life, at: this.#at };
  }

  /** Ends it. */
  stop(): void {
    this.#stopped.abort();
  }

  /** Never rejects. */
  async #run(): Promise<void> {
    const { signal } = this.#stopped, { sink } = this.#parts;
    const backOff = new LastingBackOff(this.#parts.backOff, this.#parts);
    while (!signal.aborted) {
      try {
        await this.#read(backOff);
      } catch (error) {
        if (signal.aborted) return;
        if (isOwnError(error)) {
          const { code, origin, remoteName } = error;
          if (code === "Closed" && origin !== "remote" && origin !== "network") {
            return sink.onClosed(error);
          }
          if (code === "HandlerFailed" && remoteName === SLOW_SUBSCRIBER) sink.onTooSlow();
          if (code === "MessageTooLarge") this.#alone = true;
        }
      }
      await this.#pause(backOff.next());
    }
  }

  /** Waits, no longer than until the node closes. */
  async #pause(durationMs: number): Promise<void> {
    const { signal } = this.#stopped, closed = new AbortController();
    const leave = this.#peer.onStateChange((state) => {
      if (state === "closed") closed.abort();
    });
    try {
      await pause(this.#parts.clock, durationMs, AbortSignal.any([signal, closed.signal]));
    } finally {
      leave();
    }
  }

  /** One stream, until it ends. */
  async #read(backOff: LastingBackOff): Promise<void> {
    const { contract, replay } = this.#parts, { signal } = this.#stopped;
    const { seen } = this, alone = this.#alone;
    const joining: Joining = seen === null ? { replay, alone } : { replay, seen, alone };
    const stream = this.#peer.stream(contract, joining, { waitForReady: true, signal });
    for await (const frame of stream) {
      // Whoever is stopped meanwhile, takes no more of it.
      if (signal.aborted) return;
      if (frame.life !== null) {
        backOff.onBegun();
        this.#greet(frame.life, frame.at, frame.live);
        continue;
      }
      const waits = this.#takeFrame(frame);
      if (waits !== null) await waits;
    }
  }

  /** Takes the messages of a frame; `null`: all of them, at once. */
  #takeFrame(frame: TopicFrame<T>): Promise<void> | null {
    const { codec, sink } = this.#parts, { size } = frame;
    const messages = messagesOf(codec, frame, this.#peer.host);
    if (sink.fitting(messages.length, size) < messages.length) {
      return this.#takeSome(messages, size);
    }
    this.#takeAll(messages, size);
    return null;
  }

  /** Takes messages when there is room for them; what finds none is for the policy. */
  async #takeSome(messages: ReceivedMessage<T>[], bytes: number): Promise<void> {
    const { sink, dropsNewest } = this.#parts, { signal } = this.#stopped, { length } = messages;
    for (let from = 0; from < length;) {
      const left = length - from;
      // Many have come at once: whoever reads gets to read before any is dropped.
      if (sink.fitting(left, bytes) === 0) await letRead();
      for (let full = sink.room(left); full !== null; full = sink.room(left)) await full;
      if (signal.aborted) return;
      const fitting = sink.fitting(left, bytes);
      const some = messages.slice(from, from += Math.max(1, fitting));
      let size = 0;
      for (let at = 0; at < some.length; at++) {
        size += some[at]!.size;
        if (dropsNewest) some[at] = apart(some[at]!);
      }
      bytes -= size;
      if (fitting > 1) this.#takeAll(some, size);
      else this.#take(some[0]!);
    }
  }

  #greet(life: string, at: number, live: number): void {
    if (this.#life === life && at > this.#at) this.#parts.sink.onMissed(at - this.#at);
    this.#life = life;
    this.#at = at;
    this.#live = live;
  }

  /** Takes messages that follow each other, for which there is room. */
  #takeAll(messages: ReceivedMessage<T>[], bytes: number): void {
    const { length } = messages, first = messages[0]!.sequence, last = first + length - 1;
    if (this.#life === "" || first <= this.#at || first <= this.#live) {
      for (const message of messages) this.#take(message);
      return;
    }
    const { sink, replay } = this.#parts;
    if (first > this.#at + 1) sink.onMissed(first - this.#at - 1);
    this.#at = last;
    for (let at = Math.max(0, length - replay); at < length; at++) this.#keep(messages[at]!);
    sink.onMessages(messages, bytes);
  }

  /** Takes one message, or does what the policy says. */
  #take(message: ReceivedMessage<T>): void {
    const { sequence: at } = message;
    // A publisher greets first, and counts up.
    if (this.#life === "" || at <= this.#at) return;
    const { sink, replay } = this.#parts;
    if (at > this.#at + 1) sink.onMissed(at - this.#at - 1);
    this.#at = at;
    if (replay > 0) this.#keep(message);
    sink.onMessage(message, at <= this.#live);
  }

  /** Keeps it for subscribers that come late. */
  #keep(message: ReceivedMessage<T>): void {
    if (this.kept.length === this.#parts.replay) this.kept.shift();
    this.kept.push(message);
  }
}

/** A message that keeps no more memory than it counts for. */
function apart<T>(message: ReceivedMessage<T>): ReceivedMessage<T> {
  const { value, publisher, sequence, size } = message;
  if (!(value instanceof Uint8Array)) return message;
  return { value: value.slice() as T, publisher, sequence, size };
}

/** Lets those who await a message take it, and ask for the next one. */
async function letRead(): Promise<void> {
  for (let turn = 0; turn < READ_TURNS; turn++) await undefined;
}

/** As many as reading a stream takes: whoever kept up with one keeps up. */
const READ_TURNS = 4;
