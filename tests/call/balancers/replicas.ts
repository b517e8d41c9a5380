/** Replicas for tests of balancers. */

import type { Balancer, PickOptions, Replica } from "../../../lib/call/balancers/balancer.ts";
import type { ShardKey } from "../../../lib/discovery/ownership/key_hash.ts";

/** A replica whose figures can be changed. */
export interface FakeReplica extends Replica {
  callsInFlight: number;
  latencyMs: number;
}

export function fakeReplica(address: string, callsInFlight = 0, latencyMs = NaN): FakeReplica {
  const endpoint = { address, dial: () => Promise.reject(new Error("no test dials it")) };
  return { endpoint, callsInFlight, latencyMs };
}

/** So many, sorted by address. */
export function fakeReplicas(count: number): FakeReplica[] {
  return Array.from(
    { length: count },
    (_, at) => fakeReplica(`tcp://10.0.0.${String(at).padStart(3, "0")}:80`),
  );
}

/** What `pick` is told; chance always says 0 unless it is given. */
export function pickOptions(
  shardKey?: ShardKey,
  tried: ReadonlySet<Replica> | null = null,
  random: () => number = () => 0,
): PickOptions {
  return { shardKey, tried, random };
}

/** How often each replica is picked. */
export function countPicks(
  balancer: Balancer,
  picks: number,
  options: (nth: number) => PickOptions,
): Map<Replica | undefined, number> {
  const counts = new Map<Replica | undefined, number>();
  for (let nth = 0; nth < picks; nth++) {
    const picked = balancer.pick(options(nth));
    counts.set(picked, (counts.get(picked) ?? 0) + 1);
  }
  return counts;
}

/** Pearson's chi-square of the counts, where all should be equal. */
export function chiSquare(counts: readonly number[]): number {
  const expected = counts.reduce((sum, count) => sum + count, 0) / counts.length;
  return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
}
