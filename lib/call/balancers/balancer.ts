/**
 * Balancers: they choose the replica of each call.
 *
 * @module
 */

import type { ShardKey } from "../../discovery/ownership/key_hash.ts";
import type { Endpoint } from "../../transport/channel/endpoint.ts";

/** A replica that can take calls, for a balancer. */
export interface Replica {
  /** Its endpoint. */
  readonly endpoint: Endpoint;
  /** How many of this client's calls it is serving. */
  readonly callsInFlight: number;
  /** How long its recent calls took, in milliseconds: a moving average in which each call counts for a tenth; `NaN` before the first. */
  readonly latencyMs: number;
  /**
   * Its share of this client's calls, relative to the weights of others: that
   * of its endpoint, or less if the client prefers its own zone
   * (`ClientOptions.zone`). With 0 it gets calls only if no other replica is
   * left. Default: that of its endpoint.
   */
  readonly weight?: number | undefined;
}

/** What a balancer knows of one attempt of a call. */
export interface PickOptions {
  /** The call's shard key, if it has one; 0 is a valid key. */
  readonly shardKey: ShardKey | undefined;
  /** Replicas that have had an attempt of this call already: prefer others if the policy leaves a choice. `null` if there are none. */
  readonly tried: ReadonlySet<Replica> | null;
  /** A random number from 0 up to but not including 1. */
  readonly random: () => number;
}

/**
 * Chooses among the replicas that are connected and healthy. Both methods are
 * synchronous and fast: `pick` runs once for each call.
 *
 * A balancer with state belongs to one client.
 */
export interface Balancer {
  /**
   * The replicas have changed.
   *
   * @param replicas All that can take calls, sorted by address (UTF-16 code units), none twice. The array is not changed afterwards.
   */
  update(replicas: readonly Replica[]): void;
  /**
   * Chooses for one attempt of a call.
   *
   * @param options The attempt of the call.
   * @returns One of the replicas of the last `update`; `undefined` for none now: the call waits for the next update, or until `pick` is called again, after at most a second.
   */
  pick(options: PickOptions): Replica | undefined;
}
