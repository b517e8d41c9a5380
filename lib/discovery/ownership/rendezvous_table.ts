/**
 * Who of several owns a key, by the numbers of both.
 *
 * @module
 */

import { hashText, stir } from "./key_hash.ts";

const FIRST_SEED = 0x510e_527f;
const SECOND_SEED = 0x9b05_688c | 0;
/** Odd, so that no two places become one. */
const FACTOR = 0x9e37_79b1 | 0;
const RANGE = 2 ** 32;
/** 2⁻ⁿ, as a power takes longer than the whole logarithm. */
const FRACTIONS = Float64Array.from({ length: 33 }, (_, n) => 2 ** -n);
/** How many owners are remembered, a power of two, and from how many names on that is quicker than to ask all. */
const REMEMBERED = 4_096, REMEMBER_FROM = 8;

/**
 * For each owner and each place a number that looks drawn at random; of all
 * owners the one with the largest has the place (rendezvous hashing, D. Thaler
 * and C. Ravishankar, "Using Name-Based Mappings to Increase Hit Rates", 1998).
 * So an owner that comes takes only what it has itself, one that goes leaves
 * its own alone, and all others keep what they have.
 *
 * With weights it is the least of `-ln(number) / weight`, by which shares are in
 * proportion to the weights, and a weight that changes moves only what it must
 * (logarithmic method; C. Schindelhauer and G. Schomaker, 2005).
 */
export class RendezvousTable {
  readonly #firsts: Int32Array;
  readonly #seconds: Int32Array;
  /** One by each weight; `null`: all weights are the same. */
  readonly #inverses: Float64Array | null;
  /** The places asked for lately and their owners, by the last bits of the places. */
  #memory: { readonly places: Int32Array; readonly owners: Int32Array } | null = null;

  /**
   * @param names What each owner's numbers follow from. Of two that are equal the first comes first.
   * @param weights Of each of them, numbers above 0.
   */
  constructor(names: readonly string[], weights: readonly number[]) {
    this.#firsts = Int32Array.from(names, (name) => hashText(name, FIRST_SEED));
    this.#seconds = Int32Array.from(names, (name) => hashText(name, SECOND_SEED));
    const isEqual = weights.every((weight) => weight === weights[0]);
    this.#inverses = isEqual ? null : Float64Array.from(weights, (weight) => 1 / weight);
  }

  /** The owner of a place; -1: there are none. */
  owner(place: number): number {
    if (this.#firsts.length < REMEMBER_FROM) return this.#find(place);
    const { places, owners } = this.#memory ??= {
      places: new Int32Array(REMEMBERED),
      owners: new Int32Array(REMEMBERED).fill(-1),
    };
    const slot = place & REMEMBERED - 1, known = owners[slot]!;
    if (places[slot] === place && known !== -1) return known;
    places[slot] = place;
    return owners[slot] = this.#find(place);
  }

  #find(place: number): number {
    if (this.#inverses !== null) return this.#findByWeight(place, this.#inverses);
    const firsts = this.#firsts, seconds = this.#seconds;
    let owner = -1, most = -Infinity;
    for (let at = 0; at < firsts.length; at++) {
      const drawn = stir(Math.imul(place ^ firsts[at]!, FACTOR) + seconds[at]!);
      if (drawn <= most) continue;
      most = drawn;
      owner = at;
    }
    return owner;
  }

  #findByWeight(place: number, inverses: Float64Array): number {
    let owner = -1, least = Infinity;
    for (let at = 0; at < inverses.length; at++) {
      const drawn = this.#drawn(place, at), inverse = inverses[at]!;
      // -ln(x) is never below 1 - x: most are out of the question without a logarithm.
      if ((RANGE / 2 - 0.5 - drawn) * (inverse / RANGE) >= least) continue;
      const cost = negativeLog(drawn) * inverse;
      if (cost >= least) continue;
      least = cost;
      owner = at;
    }
    return owner;
  }

  /** So many owners of a place, none twice, the first one first; all where there are fewer. */
  owners(place: number, count: number): number[] {
    const found: number[] = [], costs: number[] = [];
    for (let at = 0; at < this.#firsts.length; at++) {
      const cost = this.cost(place, at);
      if (found.length === count && cost >= costs[count - 1]!) continue;
      let to = found.length < count ? found.length : count - 1;
      for (; to > 0 && cost < costs[to - 1]!; to--) {
        found[to] = found[to - 1]!;
        costs[to] = costs[to - 1]!;
      }
      found[to] = at;
      costs[to] = cost;
    }
    return found;
  }

  /** By what owners are ordered for a place, the least first. */
  cost(place: number, at: number): number {
    const drawn = this.#drawn(place, at);
    return this.#inverses === null ? -drawn : negativeLog(drawn) * this.#inverses[at]!;
  }

  /** A signed 32-bit integer. */
  #drawn(place: number, at: number): number {
    return stir(Math.imul(place ^ this.#firsts[at]!, FACTOR) + this.#seconds[at]!);
  }
}

/**
 * Minus the natural logarithm of a number drawn from 2³², as a part of 2³² that
 * is above 0 and below 1. Engines may differ in the last digit of `Math.log`;
 * this one is the same on all.
 */
function negativeLog(drawn: number): number {
  // Twice the place and 1, so that it is never 0: from 2ⁿ on, n being 0 to 32.
  const twice = 2 * (drawn + RANGE / 2) + 1;
  let exponent = 32 - Math.clz32(drawn + RANGE / 2);
  let mantissa = twice * FRACTIONS[exponent]!;
  if (mantissa > Math.SQRT2) {
    mantissa /= 2;
    exponent++;
  }
  // ln(m) = 2 (s + s³/3 + s⁵/5 + …) with s = (m - 1) / (m + 1), which is below 0.172: 12 digits.
  const s = (mantissa - 1) / (mantissa + 1), q = s * s;
  const sum = 1 + q * (1 / 3 + q * (1 / 5 + q * (1 / 7 + q * (1 / 9 + q * (1 / 11 + q / 13)))));
  return (33 - exponent) * Math.LN2 - 2 * s * sum;
}
