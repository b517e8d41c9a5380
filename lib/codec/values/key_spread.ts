/**
 * Keys that are numbers, chosen so that a `Map` is slow with them.
 *
 * V8 hashes texts with a secret seed, except those that are array indices (`"0"`
 * to `"4294967294"`, without leading zeros): their hash is the number itself,
 * and a `Map` puts a key where the hash's lowest bits say. So whoever chooses
 * multiples of 65,536 has them all in one place, and each is compared with all
 * before it: 50,000 keys took 4 s in place of 10 ms.
 *
 * @module
 */

import { Problem } from "../format/problem.ts";

/** Maps up to this size are small enough for any keys: at worst 32,640 comparisons, 7 times what others cost. */
export const MAX_UNWATCHED_KEYS = 256;
/** What a map may always cost: as much as one that is not watched. */
const FREE_STEPS = MAX_UNWATCHED_KEYS * MAX_UNWATCHED_KEYS / 2;
/** How many comparisons each key may cost on average beside that: ordinary keys cost about one, multiples of 32 about 48. */
const STEPS_PER_KEY = 64;

/** Does what a `Map` does with keys that are array indices, but only counts. */
export class KeySpread {
  // Half as many places as keys, as in V8.
  #counts: Uint32Array = new Uint32Array(MAX_UNWATCHED_KEYS / 2);
  #keys = 0;
  #steps = 0;
  /** The array indices so far, as signed numbers of 32 bits. */
  readonly #indices: number[] = [];

  /**
   * Notes that a key is put into the map.
   *
   * @param key The key, not there before. Throws a {@linkcode Problem} when the map would become slow.
   */
  add(key: string): void {
    if (this.#keys++ === this.#counts.length * 2) this.#grow();
    const index = arrayIndex(key);
    if (index < 0) return;
    this.#indices.push(index | 0);
    const counts = this.#counts;
    const place = index & (counts.length - 1);
    this.#steps += counts[place]!;
    counts[place]!++;
    if (this.#steps > FREE_STEPS + this.#keys * STEPS_PER_KEY) tooAlike(this.#keys);
  }

  #grow(): void {
    const counts = this.#counts = new Uint32Array(this.#counts.length * 2);
    const mask = counts.length - 1;
    for (const index of this.#indices) counts[index & mask]!++;
  }
}

function tooAlike(keys: number): never {
  throw new Problem(
    `has too many keys that are whole numbers with the same lowest bits, such as multiples of 65536, ` +
      `which make a Map slow (found at key ${keys}); put a letter or a zero before each number`,
  );
}

const ZERO = 48;
const MAX_DIGITS = 10;
const MAX_INDEX = 4_294_967_294;

/**
 * The array index that a text is.
 *
 * @param text Any text.
 * @returns The index; -1 if it is none.
 */
export function arrayIndex(text: string): number {
  const { length } = text;
  if (length === 0 || length > MAX_DIGITS) return -1;
  let index = text.charCodeAt(0) - ZERO;
  if (index === 0) return length === 1 ? 0 : -1;
  if (index < 0 || index > 9) return -1;
  for (let i = 1; i < length; i++) {
    const digit = text.charCodeAt(i) - ZERO;
    if (digit < 0 || digit > 9) return -1;
    index = index * 10 + digit;
  }
  return index <= MAX_INDEX ? index : -1;
}
