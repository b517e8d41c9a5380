/**
 * Chance that can be replayed: `deno test tests/codec -- --seed=123`.
 *
 * @module
 */

import { seedOf } from "../support/seeded.ts";

/** A generator of numbers, after mulberry32. */
export class SeededRandom {
  /** What to say to replay a run. */
  readonly seed: number;
  #state: number;

  constructor(seed: number) {
    this.seed = seed;
    this.#state = seed >>> 0;
  }

  /** From 0 up to but not including 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number from 0 up to but not including `below`. */
  below(below: number): number {
    return Math.floor(this.next() * below);
  }

  /** One of several. */
  pick<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)]!;
  }
}

/** Chance from the seed that was asked for, or a fresh one. */
export function seededRandom(name: string): SeededRandom {
  return new SeededRandom(seedOf(name));
}
