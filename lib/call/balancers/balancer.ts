/**
 * Who gets the next call.
 *
 * @module
 */

import type { ShardKey } from "../../discovery/ownership/key_hash.ts";
import type { Endpoint } from "../../transport/channel/endpoint.ts";

/** A replica that can take calls, as a balancer sees it. */
export interface Replica {
  /** Where it is. */
  readonly endpoint: Endpoint;
  /** How many of this client's calls it is serving. */
  readonly callsInFlight: number;
  /** How long its recent calls took, in milliseconds: a moving average in which each call counts for a tenth; `NaN` before the first. */
  readonly latencyMs: number;
  /**
   * Its share of this client's calls, beside others' weights: that of its
   * endpoint, less where the client prefers its own zone (`ClientOptions.zone`).
   * 0: it is to get calls only where no other replica is left. Default: that of
   * its endpoint.
   */
  readonly weight?: number | undefined;
}

/** What a balancer is told of one attempt of a call. */
export interface PickOptions {
  /** The call's shard key, if it has one. 0 is one. */
  readonly shardKey: ShardKey | undefined;
  /** Replicas that have had an attempt of this call already: prefer others where the policy leaves a choice. `null`: none. */
  readonly tried: ReadonlySet<Replica> | null;
  /** A random number from 0 up to but not including 1. */
  readonly random: () => number;
}

/**
 * Chooses among the replicas that are connected and healthy. Both methods are
 * synchronous and quick: `pick` runs once for each call.
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
   * @param options What is known of the call.
   * @returns One of the replicas of the last `update`; `undefined`: none now, the call waits for the next update, or until it is asked again, which is after a second at most.
   */
  pick(options: PickOptions): Replica | undefined;
}
