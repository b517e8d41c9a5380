/**
 * The ring on which replicas and keys have their places.
 *
 * @module
 */

import { hashText, stir } from "./shard_key_hash.ts";

/** Room for the owner's number below the 32 bits of a place, in the 53 of a double. */
const OWNER_RANGE = 2 ** 21;
const PLACES = 2 ** 32;
const FIRST_SEED = 0x510e_527f;
const SECOND_SEED = 0x9b05_688c | 0;

/**
 * Points on a ring of 2³² places, each of which belongs to an owner; a key
 * belongs to the owner of the first point at or behind its place.
 *
 * As points lie evenly, the ring is cut into about as many equal parts as it
 * has points, each of which knows its first one: a look-up steps over one
 * point on average, where a binary search takes the logarithm of their number.
 */
export class HashRing {
  /** Sorted; equal places are in their owners' order. */
  readonly #places: Int32Array;
  readonly #owners: Int32Array;
  /** For each part of the ring, its first point. */
  readonly #starts: Int32Array;
  readonly #shift: number;

  /**
   * Lays out the points.
   *
   * @param keys What each owner's points follow from, at most 2²¹ of them.
   * @param pointsOf How many points each of them has.
   */
  constructor(keys: readonly string[], pointsOf: readonly number[]) {
    const count = pointsOf.reduce((sum, points) => sum + points, 0);
    // Place and owner as one number, since numbers alone are sorted at full speed.
    const points = new Float64Array(count);
    let filled = 0;
    for (let owner = 0; owner < keys.length; owner++) {
      const first = hashText(keys[owner]!, FIRST_SEED);
      const second = hashText(keys[owner]!, SECOND_SEED);
      for (let nth = 0; nth < pointsOf[owner]!; nth++) {
        points[filled++] = stir(stir(first + nth) ^ second) * OWNER_RANGE + owner;
      }
    }
    points.sort();
    this.#places = new Int32Array(count);
    this.#owners = new Int32Array(count);
    for (let at = 0; at < count; at++) {
      const place = Math.floor(points[at]! / OWNER_RANGE);
      this.#places[at] = place;
      this.#owners[at] = points[at]! - place * OWNER_RANGE;
    }
    const bits = Math.max(1, Math.ceil(Math.log2(count)));
    this.#shift = 32 - bits;
    this.#starts = new Int32Array(2 ** bits);
    const step = PLACES / 2 ** bits;
    for (let part = 0, at = 0; part < this.#starts.length; part++) {
      while (at < count && this.#places[at]! < part * step - PLACES / 2) at++;
      this.#starts[part] = at;
    }
  }

  /** How many bytes the ring holds. */
  get byteLength(): number {
    return this.#places.byteLength + this.#owners.byteLength + this.#starts.byteLength;
  }

  /** The point to which a place belongs. The ring must not be empty. */
  pointAt(place: number): number {
    const places = this.#places;
    let at = this.#starts[(place ^ 0x8000_0000) >>> this.#shift]!;
    while (at < places.length && places[at]! < place) at++;
    return at < places.length ? at : 0;
  }

  /** The next point on the ring. */
  pointAfter(point: number): number {
    return point + 1 < this.#places.length ? point + 1 : 0;
  }

  /** Where a point is: a signed 32-bit integer. */
  placeOf(point: number): number {
    return this.#places[point]!;
  }

  /** To whom a point belongs. */
  ownerOf(point: number): number {
    return this.#owners[point]!;
  }
}
