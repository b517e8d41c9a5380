/**
 * Round robin: one replica after the other.
 *
 * @module
 */

import type { Balancer, PickOptions, Replica } from "./balancer.ts";
import { WeightedReplicas, weightOf } from "./replica_weight.ts";
import { countUntried } from "./untried.ts";

/**
 * Calls replicas in turn, in the order of their addresses: of any n calls over
 * n unchanged replicas, each gets one. The first one is random, so that many
 * clients that start together do not all begin with the same replica.
 *
 * When the replicas change, the order continues after the address that had the
 * last call, whether it is still there or not. Shard keys have no effect.
 *
 * Where the replicas' weights differ, each gets calls in proportion to its
 * weight, spread evenly (smooth weighted round robin, as in nginx). Those of
 * weight 0, as in other zones, get none while there are others.
 *
 * A further attempt of a call goes to a replica that had none, if there is one.
 * Such attempts have an order of their own: the order of first attempts stays
 * even, and a failing replica's calls spread over all others instead of falling
 * to its successor.
 *
 * @returns A balancer for one client. Its `pick` takes constant time for first attempts.
 *
 * @example
 * ```ts
 * import { roundRobin } from "@internode/grid/call";
 * import { assertEquals } from "@std/assert";
 *
 * const balancer = roundRobin();
 * const endpoint = (address: string) => ({ address, dial: () => Promise.reject(new Error("down")) });
 * const replicas = ["a", "b", "c"].map((address) => (
 *   { endpoint: endpoint(address), callsInFlight: 0, latencyMs: NaN }
 * ));
 * balancer.update(replicas);
 *
 * const options = { shardKey: undefined, tried: null, random: () => 0 };
 * const picked = [1, 2, 3, 4].map(() => balancer.pick(options)?.endpoint.address);
 * assertEquals(picked, ["a", "b", "c", "a"]);
 * ```
 */
export function roundRobin(): Balancer {
  return new RoundRobin();
}

class RoundRobin implements Balancer {
  /** The replicas in turn. */
  #replicas: readonly Replica[] = [];
  #weighted = new WeightedReplicas([]);
  /** The next one; -1 if it is still to be drawn. */
  #next = -1;
  /** The same for further attempts. */
  #nextRetry = -1;
  /** With weights: how much each replica is due. */
  #owed: number[] = [];

  update(replicas: readonly Replica[]): void {
    const before = this.#replicas, allBefore = this.#weighted.all;
    this.#weighted = new WeightedReplicas(replicas);
    this.#replicas = this.#weighted.chosen;
    this.#owed = [];
    if (replicas.length === 0 || before.length === 0) {
      this.#next = this.#nextRetry = -1;
      return;
    }
    if (this.#next !== -1) this.#next = successor(this.#replicas, before, this.#next);
    if (this.#nextRetry !== -1) this.#nextRetry = successor(replicas, allBefore, this.#nextRetry);
  }

  pick(options: PickOptions): Replica | undefined {
    const replicas = this.#replicas;
    if (options.tried !== null) return this.#pickAgain(options.tried, options);
    const { weights } = this.#weighted;
    if (weights !== null) return replicas[this.#mostOwed(weights, options)];
    const at = this.#next === -1 ? draw(replicas, options) : this.#next;
    this.#next = at + 1 < replicas.length ? at + 1 : 0;
    return replicas[at];
  }

  #mostOwed(weights: readonly number[], options: PickOptions): number {
    const isFirst = this.#owed.length === 0;
    const owed = isFirst ? this.#owed = weights.map(() => 0) : this.#owed;
    let total = 0;
    for (const weight of weights) total += weight;
    // The first one is random, because many clients may start together.
    let most = isFirst ? this.#weighted.draw(options.random()) : 0;
    for (let at = 0; at < weights.length; at++) {
      owed[at] = owed[at]! + weights[at]!;
      if (!isFirst && owed[at]! > owed[most]!) most = at;
    }
    owed[most] = owed[most]! - total;
    return most;
  }

  /** The next that had no attempt, of those that take turns where there is one. */
  #pickAgain(tried: ReadonlySet<Replica>, options: PickOptions): Replica | undefined {
    const { all, chosen } = this.#weighted, count = all.length;
    const isApart = chosen.length < count && countUntried(chosen, tried) > 0;
    let at = this.#nextRetry === -1 ? draw(all, options) : this.#nextRetry;
    for (let seen = 1; seen < count; seen++) {
      const replica = all[at]!;
      if (!tried.has(replica) && !(isApart && weightOf(replica) === 0)) break;
      at = at + 1 < count ? at + 1 : 0;
    }
    this.#nextRetry = at + 1 < count ? at + 1 : 0;
    return all[at];
  }
}

function draw(replicas: readonly Replica[], options: PickOptions): number {
  return Math.floor(options.random() * replicas.length);
}

/** Whose turn it is among the new replicas: that of the first after the last that had one. */
function successor(
  replicas: readonly Replica[],
  before: readonly Replica[],
  next: number,
): number {
  const last = before[next === 0 ? before.length - 1 : next - 1]!.endpoint.address;
  const at = replicas.findIndex((replica) => replica.endpoint.address > last);
  return at === -1 ? 0 : at;
}
