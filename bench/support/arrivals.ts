/**
 * When requests come that nobody coordinates, and how large they are.
 *
 * @module
 */

import { SeededRandom } from "../../lib/testing/time/seeded_random.ts";

/** A size in bytes, and the part of all requests that have it. */
export type SizePart = readonly [bytes: number, part: number];

/** So many are drawn before anything is measured; then they repeat. */
const DRAWN = 65_536;
const MASK = DRAWN - 1;

/**
 * Arrivals of a Poisson process: the gaps between them are independent and
 * follow an exponential distribution. All is drawn from a seed before the
 * load begins, as drawing costs a part of what a request does.
 */
export class Arrivals {
  readonly #gaps: Float64Array<ArrayBuffer> = new Float64Array(DRAWN);
  readonly #sizes: Uint8Array<ArrayBuffer> = new Uint8Array(DRAWN);

  /**
   * Draws them.
   *
   * @param seed A whole number from 0 on; the same gives the same arrivals.
   * @param sizes All sizes, whose parts come to 1.
   */
  constructor(seed: number, sizes: readonly SizePart[]) {
    this.draw(seed, sizes);
  }

  /** Draws others, which take their place. */
  draw(seed: number, sizes: readonly SizePart[]): void {
    const random = new SeededRandom(seed);
    let sum = 0;
    for (let at = 0; at < DRAWN; at++) {
      sum += this.#gaps[at] = -Math.log(1 - random.next());
      this.#sizes[at] = drawn(random.next(), sizes);
    }
    // So that the rate is the one that is asked for, and not one near it.
    for (let at = 0; at < DRAWN; at++) this.#gaps[at]! *= DRAWN / sum;
  }

  /** The gap before an arrival, as a multiple of the mean. */
  gap(index: number): number {
    return this.#gaps[index & MASK]!;
  }

  /** Which of the sizes it has. */
  size(index: number): number {
    return this.#sizes[index & MASK]!;
  }
}

function drawn(chance: number, sizes: readonly SizePart[]): number {
  let left = chance;
  for (let index = 0; index < sizes.length - 1; index++) {
    left -= sizes[index]![1];
    if (left < 0) return index;
  }
  return sizes.length - 1;
}
