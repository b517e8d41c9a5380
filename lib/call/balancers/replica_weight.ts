/**
 * The share of calls of each replica.
 *
 * @module
 */

import type { Endpoint } from "../../transport/channel/endpoint.ts";
import type { PickOptions, Replica } from "./balancer.ts";
import { countUntried, nthUntried } from "./untried.ts";

/** The weight of an endpoint from its source: 1 unless there is one above 0. */
export function weightOfEndpoint({ weight = 1 }: Pick<Endpoint, "weight">): number {
  return weight > 0 && weight < Infinity ? weight : 1;
}

/** A replica's weight for the client; 0 for no calls unless no other replica is left. */
export function weightOf({ weight, endpoint }: Replica): number {
  return weight !== undefined && weight >= 0 && weight < Infinity
    ? weight
    : weightOfEndpoint(endpoint);
}

/** Replicas with their weights, added up once so that each draw is fast. */
export class WeightedReplicas {
  /** All of them. */
  readonly all: readonly Replica[];
  /** Those that get calls: all, if none has a weight. */
  readonly chosen: readonly Replica[];
  /** Their weights; `null` if all are equal. */
  readonly weights: readonly number[] | null;
  /** The sums of the weights up to and with each. */
  readonly #sums: readonly number[];

  constructor(replicas: readonly Replica[]) {
    const all = replicas.map(weightOf);
    const isEqual = all.every((weight) => weight === all[0]);
    const isChosen = (weight: number): boolean => isEqual || weight > 0;
    const weights = all.filter(isChosen);
    this.all = replicas;
    this.chosen = weights.length === all.length
      ? replicas
      : replicas.filter((_, at) => isChosen(all[at]!));
    this.weights = weights.every((weight) => weight === weights[0]) ? null : weights;
    let sum = 0;
    this.#sums = this.weights === null ? [] : weights.map((weight) => sum += weight);
  }

  /**
   * Draws one of those that get calls, by weight; there is at least one.
   *
   * @param random A random number from 0 up to but not including 1.
   * @param without One that must not be drawn; -1 for none. There must be another.
   * @returns Its index.
   */
  draw(random: number, without = -1): number {
    const { weights, chosen } = this;
    if (weights === null) {
      const at = Math.floor(random * (without === -1 ? chosen.length : chosen.length - 1));
      return without !== -1 && at >= without ? at + 1 : at;
    }
    const sums = this.#sums, left = without === -1 ? 0 : weights[without]!;
    let place = random * (sums[sums.length - 1]! - left);
    if (without !== -1 && place >= sums[without]! - left) place += left;
    let low = 0, high = sums.length - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (place < sums[middle]!) high = middle;
      else low = middle + 1;
    }
    // Sums are rounded, so the index may be at the border.
    return low !== without ? low : low > 0 ? low - 1 : 1;
  }

  /** Those that have had no attempt of a call: of those that are to get calls, else of all; all of them where each was tried. */
  untried(tried: ReadonlySet<Replica>): readonly Replica[] {
    for (const replicas of [this.chosen, this.all]) {
      const untried = replicas.filter((replica) => !tried.has(replica));
      if (untried.length > 0) return untried;
    }
    return this.chosen;
  }

  /** One at random, by weight; for a further attempt one that had none, where there is one. */
  random({ tried, random }: PickOptions): Replica | undefined {
    if (this.all.length === 0) return undefined;
    if (tried === null) return this.chosen[this.draw(random())];
    if (this.weights === null) {
      const count = countUntried(this.chosen, tried);
      if (count > 0) return nthUntried(this.chosen, tried, Math.floor(random() * count));
    }
    const untried = new WeightedReplicas(this.untried(tried));
    return untried.chosen[untried.draw(random())];
  }
}
