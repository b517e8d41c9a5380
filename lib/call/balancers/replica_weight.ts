/**
 * What share of the calls a replica is to have.
 *
 * @module
 */

import type { Replica } from "./balancer.ts";

/** A replica's weight: 1 unless its endpoint has one above 0. */
export function weightOf({ endpoint: { weight = 1 } }: Replica): number {
  return weight > 0 && weight < Infinity ? weight : 1;
}

/** The weights of replicas in their order; `null`: all have the same. */
export function differingWeights(replicas: readonly Replica[]): readonly number[] | null {
  const weights = replicas.map(weightOf);
  return weights.every((weight) => weight === weights[0]) ? null : weights;
}

/**
 * Draws one of several by their weights.
 *
 * @param weights The weights, of which there is one at least.
 * @param random A random number from 0 up to but not including 1.
 * @param without One that is not to be drawn; -1: none.
 * @returns Its place.
 */
export function drawByWeight(weights: readonly number[], random: number, without = -1): number {
  let total = 0;
  for (let at = 0; at < weights.length; at++) if (at !== without) total += weights[at]!;
  let left = random * total, last = -1;
  for (let at = 0; at < weights.length; at++) {
    if (at === without) continue;
    last = at;
    left -= weights[at]!;
    if (left < 0) break;
  }
  return last;
}
