/**
 * The less loaded of two random replicas.
 *
 * @module
 */

import type { Balancer, PickOptions, Replica } from "./balancer.ts";
import { WeightedReplicas, weightOf } from "./replica_weight.ts";
import { countUntried, nthUntried } from "./untried.ts";

/**
 * Draws two random replicas and takes the one with fewer of this client's
 * calls in flight. That is nearly as even as asking all of them, takes
 * constant time, and does not make many clients run to the same replica at
 * once (M. Mitzenmacher, "The Power of Two Choices in Randomized Load
 * Balancing", IEEE TPDS 12(10), 2001).
 *
 * Between two that are equally busy the recent latency tilts the odds: one
 * that is three times as quick is taken three times as often. The slower one
 * keeps a share, so that its latency does not stay what it was in a bad
 * moment. A replica that has not answered yet goes first.
 *
 * Where the replicas' weights differ, both are drawn by their weights, and the
 * second is taken if it has fewer calls in flight for its weight. Those of
 * weight 0, as in other zones, are not drawn while there are others.
 *
 * A further attempt of a call chooses among the replicas that had none where
 * there are any. Shard keys have no effect.
 *
 * @returns A balancer; it has no state but the replicas.
 *
 * @example
 * ```ts
 * import { leastLoaded } from "@internode/grid/call";
 * import { assertEquals } from "@std/assert";
 *
 * const balancer = leastLoaded();
 * const endpoint = (address: string) => ({ address, dial: () => Promise.reject(new Error("down")) });
 * balancer.update([
 *   { endpoint: endpoint("busy"), callsInFlight: 9, latencyMs: 1 },
 *   { endpoint: endpoint("idle"), callsInFlight: 2, latencyMs: 5 },
 * ]);
 * const picked = balancer.pick({ shardKey: undefined, tried: null, random: Math.random });
 * assertEquals(picked?.endpoint.address, "idle");
 * ```
 */
export function leastLoaded(): Balancer {
  return new LeastLoaded();
}

class LeastLoaded implements Balancer {
  #replicas: readonly Replica[] = [];
  #weighted = new WeightedReplicas([]);

  update(replicas: readonly Replica[]): void {
    this.#weighted = new WeightedReplicas(replicas);
    this.#replicas = this.#weighted.chosen;
  }

  pick(options: PickOptions): Replica | undefined {
    const { tried } = options;
    const replicas = this.#replicas, weighted = this.#weighted;
    if (weighted.weights !== null) return pickByWeight(weighted, options);
    const untried = tried === null ? 0 : countUntried(replicas, tried);
    if (tried !== null && untried === 0 && replicas !== weighted.all) {
      // All weighted replicas had an attempt: now the others are used.
      return pickByWeight(weighted, options);
    }
    const count = untried > 0 ? untried : replicas.length;
    if (count < 2) return untried > 0 ? nthUntried(replicas, tried!, 0) : replicas[0];
    // One random number is enough for the first, the second among the others, and the tie.
    const drawn = options.random() * count;
    const first = Math.floor(drawn);
    const rest = (drawn - first) * (count - 1);
    let second = Math.floor(rest);
    const tie = rest - second;
    if (second >= first) second++;
    return untried > 0
      ? better(nthUntried(replicas, tried!, first)!, nthUntried(replicas, tried!, second)!, tie)
      : better(replicas[first]!, replicas[second]!, tie);
  }
}

function pickByWeight(
  weighted: WeightedReplicas,
  { tried, random }: PickOptions,
): Replica | undefined {
  const from = tried === null ? weighted : new WeightedReplicas(weighted.untried(tried));
  const { chosen } = from;
  if (chosen.length < 2) return chosen[0];
  const first = from.draw(random());
  return lessLoaded(chosen[first]!, chosen[from.draw(random(), first)]!);
}

function lessLoaded(one: Replica, other: Replica): Replica {
  const isLess = other.callsInFlight * weightOf(one) < one.callsInFlight * weightOf(other);
  return isLess ? other : one;
}

function better(one: Replica, other: Replica, tie: number): Replica {
  if (one.callsInFlight !== other.callsInFlight) {
    return one.callsInFlight < other.callsInFlight ? one : other;
  }
  if (Number.isNaN(one.latencyMs)) return one;
  if (Number.isNaN(other.latencyMs)) return other;
  return tie * (one.latencyMs + other.latencyMs) <= other.latencyMs ? one : other;
}
