/**
 * Chance that repeats itself: everything drawn follows from one number.
 *
 * @module
 */

import type { Random } from "../../runtime/clock.ts";
import { shown } from "../../foreign/text_of.ts";
import { invalidArgument } from "../../errors.ts";

const UINT32_RANGE = 0x1_0000_0000;
const UINT53_RANGE = 2 ** 53;
const WARM_UP_ROUNDS = 16;

/**
 * A seeded generator (sfc32, Chris Doty-Humphrey's "small fast counting"
 * generator of PractRand). Good for simulations, useless for secrets.
 *
 * Two generators of one seed draw the same; {@linkcode SeededRandom.fork}
 * makes independent ones that do not disturb each other's order.
 *
 * @example
 * ```ts
 * import { SeededRandom } from "@internode/grid/testing";
 * import { assertEquals } from "@std/assert";
 *
 * const dice = new SeededRandom(7), same = new SeededRandom(7);
 * assertEquals([dice.int(1, 6), dice.int(1, 6)], [same.int(1, 6), same.int(1, 6)]);
 *
 * // A fork depends on the seed and its label, not on what was drawn before.
 * assertEquals(dice.fork("node 1").next(), new SeededRandom(7).fork("node 1").next());
 * ```
 */
export class SeededRandom implements Random {
  /** The number that all of this follows from; forks keep their root's. */
  readonly seed: number;
  #origin: Origin;
  #a: number;
  #b: number;
  #c: number;
  #count = 1;

  /**
   * Starts a generator.
   *
   * @param seed A whole number from 0 to 2⁵³ − 1.
   * @throws {RangeError} If it is anything else.
   */
  constructor(seed: number) {
    if (!Number.isSafeInteger(seed) || seed < 0) {
      throw invalidArgument(
        `A seed must be a whole number from 0 to 2^53 - 1, not ${shown(seed)}.`,
      );
    }
    this.seed = seed;
    this.#origin = [seed >>> 0, Math.floor(seed / UINT32_RANGE), 0];
    [this.#a, this.#b, this.#c] = this.#origin;
    this.#warmUp();
  }

  /**
   * A generator of its own, for one part of a simulation: what it draws
   * depends on the seed and the labels that led to it alone. The same label
   * twice gives the same generator twice.
   *
   * @param label What it is for, such as `"node 3"`.
   */
  fork(label: string): SeededRandom {
    const fork = new SeededRandom(this.seed);
    fork.#become(hashText(this.#origin, label));
    return fork;
  }

  /** A number from 0 up to but not including 1, with 53 random bits. */
  next(): number {
    const high = this.#draw() >>> 5, low = this.#draw() >>> 6;
    return (high * 0x400_0000 + low) / UINT53_RANGE;
  }

  /** `count` bytes. */
  bytes(count: number): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(count);
    for (let at = 0; at < count; at += 4) {
      const word = this.#draw();
      for (let byte = 0; byte < 4 && at + byte < count; byte++) {
        bytes[at + byte] = word >>> (8 * byte);
      }
    }
    return bytes;
  }

  /**
   * A whole number.
   *
   * @param min The least it can be.
   * @param max The most it can be, itself included; at least `min`.
   */
  int(min: number, max: number): number {
    return min + Math.floor(this.next() * (max - min + 1));
  }

  /** A number from `min` up to but not including `max`; `min` if they are equal. */
  float(min: number, max: number): number {
    return min + this.next() * (max - min);
  }

  /** `true` with this probability (0 never, 1 always). */
  chance(probability: number): boolean {
    return this.next() < probability;
  }

  /** A positive number, exponentially distributed: the gap between events that come at random. */
  exponential(mean: number): number {
    return -mean * Math.log(1 - this.next());
  }

  /**
   * One of the items, each equally likely.
   *
   * @throws {RangeError} If there are none.
   */
  pick<Item>(items: readonly Item[]): Item {
    if (items.length === 0) {
      throw new RangeError("There is nothing to pick from: the list is empty.");
    }
    return items[this.int(0, items.length - 1)]!;
  }

  /** The items in a random order, in a new array. */
  shuffle<Item>(items: readonly Item[]): Item[] {
    const shuffled = [...items];
    for (let last = shuffled.length - 1; last > 0; last--) {
      const other = this.int(0, last);
      [shuffled[last], shuffled[other]] = [shuffled[other]!, shuffled[last]!];
    }
    return shuffled;
  }

  #become(origin: Origin): void {
    this.#origin = origin;
    [this.#a, this.#b, this.#c] = origin;
    this.#count = 1;
    this.#warmUp();
  }

  #warmUp(): void {
    for (let round = 0; round < WARM_UP_ROUNDS; round++) this.#draw();
  }

  #draw(): number {
    const drawn = (this.#a + this.#b + this.#count) | 0;
    this.#count = (this.#count + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + drawn) | 0;
    return drawn >>> 0;
  }
}

type Origin = [low: number, high: number, label: number];

/** Mixes a label into an origin: three rounds of multiply and xor for each character, one a word. */
function hashText(origin: Origin, text: string): Origin {
  let [low, high, label] = origin;
  for (let at = 0; at <= text.length; at++) {
    const unit = at < text.length ? text.charCodeAt(at) : 0x1_0000 + text.length;
    low = Math.imul(low ^ unit, 0x85eb_ca6b);
    low ^= low >>> 15;
    high = Math.imul(high ^ unit ^ low, 0xc2b2_ae35);
    high ^= high >>> 13;
    label = Math.imul(label + unit, 0x27d4_eb2f) ^ high;
    label ^= label >>> 16;
  }
  return [low >>> 0, high >>> 0, label >>> 0];
}
