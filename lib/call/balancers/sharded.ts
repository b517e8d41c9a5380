/**
 * A fixed replica for each shard.
 *
 * @module
 */

import { type InternodeError, invalidArgument } from "../../errors.ts";
import { quoted } from "../../foreign/plain_text.ts";
import type { ShardKey } from "../../discovery/ownership/key_hash.ts";
import type { Balancer, PickOptions, Replica } from "./balancer.ts";
import { WeightedReplicas } from "./replica_weight.ts";
import { firstUntried } from "./untried.ts";

/**
 * Sends shard key `k` to replica `k mod n`, counted in the order of their
 * addresses: the key names the shard, and the addresses determine which replica
 * has it. All clients that see the same replicas agree.
 *
 * - A key is a safe whole number (up to ±(2⁵³ − 1)) or any `bigint`; equal
 *   values of the two kinds go to the same replica, and 0 is a key like any other.
 * - The modulus is the mathematical one: −1 belongs to the last replica.
 * - If the owner already had an attempt of the call, the key goes to the next
 *   replica that had none, and to the owner again if all were tried.
 * - A call without a key goes to a random replica, by weight, and to one that
 *   it has not tried if there is one. With a key weights and zones have no
 *   effect.
 *
 * n is how many replicas can take calls at the moment, and as it changes,
 * nearly all keys change their replica: not only when the resolver lists
 * others, but also while one is not connected or is set aside after failures
 * (`ClientOptions.outliers`), and back again when it returns. So this is for
 * shards that any replica can serve if it must. Where it matters which one
 * does, say `outliers: false`, and let replicas refuse keys
 * that are not theirs; or use `consistentHash`, by which only the keys of the
 * replica that is missing move. That one is also for replicas that come and
 * go, and for keys that are text.
 *
 * @returns A balancer for one client. Its `pick` throws an {@linkcode InternodeError} `InvalidArgument` for a string, a fraction, an infinity, `NaN` and a number that is no safe integer; that ends the call.
 *
 * @example
 * ```ts
 * import { sharded } from "@internode/grid/call";
 * import { assertEquals } from "@std/assert";
 *
 * const balancer = sharded();
 * const endpoint = (address: string) => ({ address, dial: () => Promise.reject(new Error("down")) });
 * balancer.update(["a", "b", "c"].map((address) => (
 *   { endpoint: endpoint(address), callsInFlight: 0, latencyMs: NaN }
 * )));
 *
 * const owner = (shardKey: number | bigint) =>
 *   balancer.pick({ shardKey, tried: null, random: () => 0 })?.endpoint.address;
 * assertEquals([0, 1, 2, 3n, -1].map(owner), ["a", "b", "c", "a", "c"]);
 * ```
 */
export function sharded(): Balancer {
  return new Sharded();
}

class Sharded implements Balancer {
  #replicas: readonly Replica[] = [];
  #weighted = new WeightedReplicas([]);
  #count = 0n;

  update(replicas: readonly Replica[]): void {
    this.#replicas = replicas;
    this.#weighted = new WeightedReplicas(replicas);
    this.#count = BigInt(replicas.length);
  }

  pick(options: PickOptions): Replica | undefined {
    const { shardKey, tried } = options;
    const replicas = this.#replicas;
    if (shardKey === undefined) return this.#weighted.random(options);
    const small = Number(shardKey);
    const at = typeof shardKey === "string" || !Number.isSafeInteger(small)
      ? this.#bigRemainder(shardKey)
      : small % replicas.length;
    const owner = at < 0 ? at + replicas.length : at;
    return tried === null ? replicas[owner] : firstUntried(replicas, tried, owner);
  }

  /** The remainder of a number that is not a safe integer. */
  #bigRemainder(shardKey: ShardKey): number {
    if (typeof shardKey !== "bigint") throw invalidKey(shardKey);
    return this.#count === 0n ? 0 : Number(shardKey % this.#count);
  }
}

function invalidKey(shardKey: string | number): InternodeError {
  const why = typeof shardKey === "string"
    ? "a string is not a shard number; use consistentHash(), or number the shards"
    : "pass a whole number up to 2^53 - 1 either way, or a bigint";
  return invalidArgument(`sharded() cannot use ${shown(shardKey)} as a shard key: ${why}.`);
}

function shown(shardKey: string | number): string {
  if (typeof shardKey === "number") return String(shardKey);
  return quoted(shardKey, 40);
}
