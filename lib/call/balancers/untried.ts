/**
 * Replicas that have had no attempt of a call yet.
 *
 * @module
 */

import type { Replica } from "./balancer.ts";

/** How many of the replicas have had no attempt. */
export function countUntried(replicas: readonly Replica[], tried: ReadonlySet<Replica>): number {
  let count = 0;
  for (let at = 0; at < replicas.length; at++) if (!tried.has(replicas[at]!)) count++;
  return count;
}

/** One of the replicas that have had no attempt, by its index among them. */
export function nthUntried(
  replicas: readonly Replica[],
  tried: ReadonlySet<Replica>,
  nth: number,
): Replica | undefined {
  let left = nth;
  for (let at = 0; at < replicas.length; at++) {
    const replica = replicas[at]!;
    if (!tried.has(replica) && left-- === 0) return replica;
  }
  return undefined;
}

/** The first replica from an index on, cyclically, that has had no attempt; the one at that index if all have. */
export function firstUntried(
  replicas: readonly Replica[],
  tried: ReadonlySet<Replica>,
  from: number,
): Replica | undefined {
  for (let step = 0; step < replicas.length; step++) {
    const replica = replicas[(from + step) % replicas.length]!;
    if (!tried.has(replica)) return replica;
  }
  return replicas[from];
}
