/**
 * A balancer from a function.
 *
 * @module
 */

import type { Balancer, PickOptions, Replica } from "./balancer.ts";
import { func } from "../../foreign/option_checks.ts";

/**
 * Makes a balancer of a function that needs no state: it gets the replicas at
 * each call.
 *
 * @param pick Chooses one of the replicas, of which there is at least one; the array must not be changed. For a further attempt of a call these are the replicas that had none, and then all of them if it picks none. `undefined` for none now: the call waits, and `pick` is called again when the replicas change, or after at most a second. Any other result, or an error, ends the call with an error.
 * @returns The balancer.
 *
 * @example Preferring replicas of this zone
 * ```ts
 * import { balancerFunc } from "@internode/grid/call";
 * import { assertEquals } from "@std/assert";
 *
 * const nearest = balancerFunc((replicas) =>
 *   replicas.find((replica) => replica.endpoint.address.startsWith("tcp://10.1.")) ?? replicas[0]
 * );
 *
 * const endpoint = (address: string) => ({ address, dial: () => Promise.reject(new Error("down")) });
 * nearest.update(["tcp://10.0.0.7:80", "tcp://10.1.0.3:80"].map((address) => (
 *   { endpoint: endpoint(address), callsInFlight: 0, latencyMs: NaN }
 * )));
 * const picked = nearest.pick({ shardKey: undefined, tried: null, random: Math.random });
 * assertEquals(picked?.endpoint.address, "tcp://10.1.0.3:80");
 * ```
 */
export function balancerFunc(
  pick: (replicas: readonly Replica[], options: PickOptions) => Replica | undefined,
): Balancer {
  return new FunctionBalancer(pick);
}

class FunctionBalancer implements Balancer {
  readonly #pick: (replicas: readonly Replica[], options: PickOptions) => Replica | undefined;
  #replicas: readonly Replica[] = [];

  constructor(pick: (replicas: readonly Replica[], options: PickOptions) => Replica | undefined) {
    this.#pick = func("pick", pick);
  }

  update(replicas: readonly Replica[]): void {
    this.#replicas = replicas;
  }

  pick(options: PickOptions): Replica | undefined {
    const replicas = this.#replicas, { tried } = options;
    if (replicas.length === 0) return undefined;
    if (tried !== null) {
      const others = replicas.filter((replica) => !tried.has(replica));
      const isChoice = others.length > 0 && others.length < replicas.length;
      const picked = isChoice ? this.#pick.call(undefined, others, options) : undefined;
      if (picked !== undefined) return picked;
    }
    return this.#pick.call(undefined, replicas, options);
  }
}
