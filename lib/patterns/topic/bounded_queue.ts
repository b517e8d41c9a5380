/**
 * What waits for one subscriber.
 *
 * @module
 */

import { InternodeError } from "../../errors.ts";
import type { TopicSettings } from "./topic_options.ts";

/**
 * Counts what is queued, and decides what the policy makes of more. Where it
 * is, knows the class that extends it.
 */
export abstract class BoundedQueue {
  /** How many were dropped. */
  dropped = 0;
  readonly #settings: TopicSettings;
  /** Half of what may wait. */
  readonly #half: number;
  readonly #tooSlow: () => unknown;
  readonly #onEnd: () => void;
  #length = 0;
  #bytes = 0;
  /** Whoever waits for room, and for how many items. */
  #room: PromiseWithResolvers<void> | null = null;
  #wanted = 0;
  #ending: { readonly error: unknown } | null = null;

  /**
   * @param tooSlow Makes the error of a subscriber that is disconnected.
   * @param onEnd Is told once that it takes no more.
   */
  constructor(settings: TopicSettings, tooSlow: () => unknown, onEnd: () => void) {
    this.#settings = settings;
    this.#half = Math.ceil(settings.maxQueued / 2);
    this.#tooSlow = tooSlow;
    this.#onEnd = onEnd;
  }

  /** How many items wait. */
  get length(): number {
    return this.#length;
  }

  /** How many bytes the items take. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Whether one more finds room. */
  get hasRoom(): boolean {
    return this.hasRoomFor(1);
  }

  /** Whether so many find room, or half of what may wait; always if nothing is taken any more. */
  hasRoomFor(items: number): boolean {
    const { maxQueued, maxQueuedBytes } = this.#settings;
    return this.#ending !== null || this.#bytes < maxQueuedBytes &&
        this.#length + Math.min(items, this.#half) <= maxQueued;
  }

  /** What comes behind the items: `undefined` is a clean end; `null`: more items. */
  get ending(): { readonly error: unknown } | null {
    return this.#ending;
  }

  /** Resolves when so many find room, as `hasRoomFor` says. */
  room(items = 1): Promise<void> {
    if (this.hasRoomFor(items)) return Promise.resolve();
    this.#wanted = this.#room === null ? items : Math.min(this.#wanted, items);
    return (this.#room ??= Promise.withResolvers()).promise;
  }

  /** How many of so many items, of so many bytes together, find room: all only if that is certain; whether a single one of too many bytes does is for the policy. */
  fitting(items: number, bytes: number): number {
    if (this.#ending !== null) return items;
    const { maxQueued, maxQueuedBytes } = this.#settings;
    if (this.#bytes + bytes <= maxQueuedBytes) {
      return Math.max(0, Math.min(items, maxQueued - this.#length));
    }
    return this.hasRoom ? Math.min(1, items - 1) : 0;
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
    this.forget();
    this.#length = this.#bytes = 0;
    this.end();
  }

  /**
   * Counts an item, or does what the policy says.
   *
   * @param isReplayed Whether it comes because the subscriber is late: many may come at once then, and the oldest are dropped.
   * @returns Whether it has to be queued.
   */
  protected admit(size: number, isReplayed: boolean): boolean {
    const length = this.#length + 1, bytes = this.#bytes + size;
    const { maxQueued, maxQueuedBytes } = this.#settings;
    if (length > maxQueued || bytes > maxQueuedBytes || this.#ending !== null) {
      return this.#admitOther(size, isReplayed);
    }
    this.#length = length;
    this.#bytes = bytes;
    return true;
  }

  /** By itself, so that V8 compiles the usual way with what calls it. */
  #admitOther(size: number, isReplayed: boolean): boolean {
    if (this.#ending !== null) return false;
    const slow = isReplayed ? "drop-oldest" : this.#settings.slow;
    if (slow !== "backpressure" && !this.#fits(size)) {
      if (slow === "disconnect") {
        this.end(this.#tooSlow());
        return false;
      }
      if (slow === "drop-newest") {
        this.dropped++;
        return false;
      }
      while (this.#length > 0 && !this.#fits(size)) {
        this.#length--;
        this.#bytes -= this.dropOldest();
        this.dropped++;
      }
    }
    this.#length++;
    this.#bytes += size;
    return true;
  }

  /** Counts items that find room, of so many bytes together. */
  protected admitAll(items: number, bytes: number): void {
    this.#length += items;
    this.#bytes += bytes;
  }

  /** So many items, of so many bytes together, are read. */
  protected onTaken(items: number, bytes: number): void {
    this.#length -= items;
    this.#bytes -= bytes;
    if (this.#room !== null) this.#tellRoom();
  }

  /** Removes the oldest item, of which there is one, and gives its size. */
  protected abstract dropOldest(): number;

  /** Removes all items. */
  protected abstract forget(): void;

  #fits(size: number): boolean {
    const { maxQueued, maxQueuedBytes } = this.#settings, length = this.#length;
    // One alone may be larger than all that is allowed.
    return length < maxQueued && (length === 0 || this.#bytes + size <= maxQueuedBytes);
  }

  #tellRoom(): void {
    if (!this.hasRoomFor(this.#wanted)) return;
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
