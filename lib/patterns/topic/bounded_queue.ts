/**
 * What waits for one subscriber.
 *
 * @module
 */

import { InternodeError } from "../../errors.ts";
import { Fifo } from "../../wire/fifo.ts";
import type { TopicSettings } from "./topic_options.ts";

/** What is queued. */
export interface Sized {
  /** How many bytes it takes. */
  readonly size: number;
}

/** Messages in order, as many as there may be, and what the policy makes of more. */
export class BoundedQueue<Item extends Sized> {
  /** How many were dropped. */
  dropped = 0;
  readonly #settings: TopicSettings;
  readonly #tooSlow: () => unknown;
  readonly #onEnd: () => void;
  readonly #items = new Fifo<Item>();
  #bytes = 0;
  /** Whoever waits for room. */
  #room: PromiseWithResolvers<void> | null = null;
  #ending: { readonly error: unknown } | null = null;

  /**
   * @param tooSlow Makes the error of a subscriber that is disconnected.
   * @param onEnd Is told once that it takes no more.
   */
  constructor(settings: TopicSettings, tooSlow: () => unknown, onEnd: () => void) {
    this.#settings = settings;
    this.#tooSlow = tooSlow;
    this.#onEnd = onEnd;
  }

  /** How many items wait. */
  get length(): number {
    return this.#items.length;
  }

  /** Whether one more finds room. */
  get hasRoom(): boolean {
    const { maxQueued, maxQueuedBytes } = this.#settings;
    return this.#ending !== null ||
      this.#items.length < maxQueued && this.#bytes < maxQueuedBytes;
  }

  /** Resolves when there is room, or nothing is taken any more. */
  room(): Promise<void> {
    if (this.hasRoom) return Promise.resolve();
    return (this.#room ??= Promise.withResolvers()).promise;
  }

  /**
   * Adds an item, or does what the policy says.
   *
   * @param isReplayed Whether it comes because the subscriber is late: many may come at once then, and the oldest are dropped.
   */
  push(item: Item, isReplayed = false): void {
    if (this.#ending !== null) return;
    const slow = isReplayed ? "drop-oldest" : this.#settings.slow;
    if (slow !== "backpressure" && !this.#fits(item)) {
      if (slow === "disconnect") return this.end(this.#tooSlow());
      if (slow === "drop-newest") return void this.dropped++;
      while (this.#items.length > 0 && !this.#fits(item)) {
        this.#bytes -= this.#items.shift()!.size;
        this.dropped++;
      }
    }
    this.#items.push(item);
    this.#bytes += item.size;
  }

  /** What comes behind the items: `undefined` is a clean end; `null`: more items. */
  get ending(): { readonly error: unknown } | null {
    return this.#ending;
  }

  /** How many bytes the items take. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The next item, which stays. */
  peek(): Item | undefined {
    return this.#items.peek();
  }

  /** The next item. */
  shift(): Item | undefined {
    const item = this.#items.shift();
    if (item === undefined) return undefined;
    this.#bytes -= item.size;
    if (this.#room !== null) this.#tellRoom();
    return item;
  }

  /** Takes no more; what is queued can still be read. Only the first end counts. */
  end(error?: unknown): void {
    if (this.#ending !== null) return;
    this.#ending = { error };
    this.#tellRoom();
    this.#onEnd();
  }

  /** Forgets everything: nobody reads any more. */
  leave(): void {
    this.#items.clear();
    this.#bytes = 0;
    this.end();
  }

  #fits({ size }: Item): boolean {
    const { maxQueued, maxQueuedBytes } = this.#settings, { length } = this.#items;
    // One alone may be larger than all that is allowed.
    return length < maxQueued && (length === 0 || this.#bytes + size <= maxQueuedBytes);
  }

  #tellRoom(): void {
    if (!this.hasRoom) return;
    this.#room?.resolve();
    this.#room = null;
  }
}

/** The error of a subscriber that was too slow. */
export function tooSlow(): InternodeError {
  return new InternodeError(
    "Overloaded",
    "The subscriber was too slow, and its queue is full. Read faster, or choose another policy for slow subscribers.",
    { origin: "local", outcome: "executed" },
  );
}
