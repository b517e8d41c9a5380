/**
 * A queue.
 *
 * @module
 */

/**
 * First in, first out, over a circular array: both ends in constant time, no
 * allocation once it has grown to its working size.
 */
export class Fifo<T> {
  #items: (T | undefined)[] = NO_ITEMS;
  #head = 0;
  #length = 0;

  /** How many items wait. */
  get length(): number {
    return this.#length;
  }

  /** Adds an item at the end. */
  push(item: T): void {
    if (this.#length === this.#items.length) this.#grow();
    this.#items[(this.#head + this.#length) & (this.#items.length - 1)] = item;
    this.#length++;
  }

  /** Removes the first item; `undefined` if there is none. */
  shift(): T | undefined {
    if (this.#length === 0) return undefined;
    const item = this.#items[this.#head];
    this.#items[this.#head] = undefined;
    this.#head = (this.#head + 1) & (this.#items.length - 1);
    this.#length--;
    return item;
  }

  /** Removes the last item; `undefined` if there is none. */
  pop(): T | undefined {
    if (this.#length === 0) return undefined;
    const at = (this.#head + --this.#length) & (this.#items.length - 1);
    const item = this.#items[at];
    this.#items[at] = undefined;
    return item;
  }

  /** Returns the first item without removing it; `undefined` if there is none. */
  peek(): T | undefined {
    return this.#length === 0 ? undefined : this.#items[this.#head];
  }

  /** Removes the first item that equals `item`, in linear time. Returns whether there was one. */
  remove(item: T): boolean {
    let found = false;
    for (let left = this.#length; left > 0; left--) {
      const next = this.shift()!;
      if (!found && next === item) found = true;
      else this.push(next);
    }
    return found;
  }

  /** The items in order; nothing may be added or removed meanwhile. */
  *[Symbol.iterator](): IterableIterator<T> {
    const mask = this.#items.length - 1;
    for (let n = 0; n < this.#length; n++) yield this.#items[(this.#head + n) & mask]!;
  }

  /** Removes all items and frees their room. */
  clear(): void {
    this.#items = NO_ITEMS;
    this.#length = 0;
  }

  #grow(): void {
    const items = this.#items, length = items.length;
    const grown: (T | undefined)[] = new Array(Math.max(4, length * 2)).fill(undefined);
    for (let i = 0; i < length; i++) grown[i] = items[(this.#head + i) & (length - 1)];
    this.#items = grown;
    this.#head = 0;
  }
}

/** The array of a new queue, shared by all: it has no room, so nothing is written to it. */
const NO_ITEMS: undefined[] = [];
