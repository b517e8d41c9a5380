/**
 * A queue in which what is urgent goes first.
 *
 * @module
 */

import { Fifo } from "../../wire/fifo.ts";
import { Priority } from "../frames/priority.ts";

/** How many items may pass one that is less urgent before one of those has its turn. */
const MOST_PASSING = 8;

/**
 * First in, first out for each priority, the most urgent first. So that nothing
 * waits for ever, one of nine turns is for the less urgent items while there are
 * any. Without priorities it is one {@linkcode Fifo}.
 */
export class PriorityQueue<T> {
  readonly #normal = new Fifo<T>();
  /** These two are made on first use. */
  #high: Fifo<T> | null = null;
  #low: Fifo<T> | null = null;
  /** How many items have passed those of normal and of low priority that wait. */
  #passedNormal = 0;
  #passedLow = 0;

  /** How many items wait. */
  get length(): number {
    return this.#normal.length + lengthOf(this.#high) + lengthOf(this.#low);
  }

  /** Adds an item behind those that are as urgent. */
  push(item: T, priority: number): void {
    if (priority === Priority.normal) this.#normal.push(item);
    else if (priority === Priority.high) (this.#high ??= new Fifo()).push(item);
    else (this.#low ??= new Fifo()).push(item);
  }

  /** Returns the item whose turn it is without removing it; `undefined` if there is none. */
  peek(): T | undefined {
    return this.#next().peek();
  }

  /** Removes the item whose turn it is; `undefined` if there is none. */
  shift(): T | undefined {
    const high = this.#high, low = this.#low, normal = this.#normal;
    if (high === null && low === null) return normal.shift();
    const next = this.#next(), item = next.shift();
    if (next === low) this.#passedLow = 0;
    else {
      this.#passedLow = lengthOf(low) > 0 ? this.#passedLow + 1 : 0;
      if (next === normal || normal.length === 0) this.#passedNormal = 0;
      else this.#passedNormal++;
    }
    return item;
  }

  /** Removes the newest item of a priority; `undefined` if there is none. */
  pop(priority: number): T | undefined {
    if (priority === Priority.normal) return this.#normal.pop();
    return (priority === Priority.high ? this.#high : this.#low)?.pop();
  }

  /** Looks at the items that wait now, and keeps those for which `keep` says so. */
  filter(keep: (item: T) => boolean): void {
    for (const lane of [this.#high, this.#normal, this.#low]) {
      for (let left = lengthOf(lane); left > 0; left--) {
        // What is called back may have taken some.
        const item = lane!.shift();
        if (item === undefined) break;
        if (keep(item)) lane!.push(item);
      }
    }
  }

  /** The items, the most urgent first; nothing may be added or removed meanwhile. */
  *[Symbol.iterator](): IterableIterator<T> {
    if (this.#high !== null) yield* this.#high;
    yield* this.#normal;
    if (this.#low !== null) yield* this.#low;
  }

  /** Removes all items and frees their room. */
  clear(): void {
    this.#normal.clear();
    this.#high = this.#low = null;
    this.#passedNormal = this.#passedLow = 0;
  }

  /** The lane whose turn it is. */
  #next(): Fifo<T> {
    const high = this.#high, low = this.#low, normal = this.#normal;
    if (low !== null && low.length > 0) {
      const isAlone = normal.length === 0 && lengthOf(high) === 0;
      if (isAlone || this.#passedLow >= MOST_PASSING) return low;
    }
    if (high === null || high.length === 0) return normal;
    return normal.length > 0 && this.#passedNormal >= MOST_PASSING ? normal : high;
  }
}

function lengthOf(lane: Fifo<unknown> | null): number {
  return lane === null ? 0 : lane.length;
}
