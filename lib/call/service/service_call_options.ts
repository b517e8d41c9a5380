/**
 * What a caller can say about one call of a service.
 *
 * @module
 */

import type { ShardKey } from "../../discovery/ownership/key_hash.ts";
import type { Balancer } from "../balancers/balancer.ts";
import type { RetryOptions } from "./retry_policy.ts";

/**
 * Asks several replicas at a time, for idempotent methods whose slowest calls
 * matter: the first answer counts, the other attempts are cancelled. After
 * Dean and Barroso, "The Tail at Scale", Communications of the ACM 56(2), 2013.
 */
export interface HedgeOptions {
  /** How long an attempt is waited for before the next one starts beside it, in milliseconds; 0: all at once. A good value is what 95 of 100 calls stay below. */
  readonly delayMs: number;
  /** How many attempts there may be in all, the first among them. Default: 2. */
  readonly maxAttempts?: number | undefined;
}

/**
 * Options of one call of a service. What is left out (or `undefined`) is as
 * the client has it.
 *
 * @example
 * ```ts
 * import type { ServiceCallOptions } from "@internode/grid/call";
 *
 * const careful: ServiceCallOptions = {
 *   shardKey: "user-17",
 *   timeoutMs: 500,
 *   retry: false,
 *   metadata: { tenant: "blue" },
 * };
 * const quick: ServiceCallOptions = { idempotent: true, hedge: { delayMs: 20 } };
 * console.log(careful, quick);
 * ```
 */
export interface ServiceCallOptions {
  /** Picks a replica, where the balancer goes by shards; 0 is a key like any other. Default: none. */
  readonly shardKey?: ShardKey | undefined;
  /** Chooses the replicas for this call. One with a state must have been made for this client. Default: the client's. */
  readonly balancer?: Balancer | undefined;
  /**
   * How long the call may take in all, waiting for a replica and every retry
   * included, in milliseconds; `Infinity`: as long as it takes. Default: the
   * client's `defaultTimeoutMs` (60,000) for single calls, `Infinity` for
   * streams.
   */
  readonly timeoutMs?: number | undefined;
  /** Ends the call at once when it aborts, with its reason; the handler is told. Default: none. */
  readonly signal?: AbortSignal | undefined;
  /** Where the response's bytes go, which the result is then a view of; for single calls whose response is raw bytes, see `CallOptions` of the grid. Default: none. */
  readonly into?: Uint8Array | undefined;
  /** Whether to wait until the deadline for replicas that are all known to be down, or for the resolver to list any; `false`: the call fails at once then, as `Unreachable`. Default: `true`. */
  readonly waitForReady?: boolean | undefined;
  /** How long to poll the socket for the answer of a single call, in microseconds, see `ConnectionOptions`; streams do not. Default: the client's `spinUs` (0, never). */
  readonly spinUs?: number | undefined;
  /** Texts that travel with the call: 4,096 bytes in all at most. Default: none. */
  readonly metadata?: Readonly<Record<string, string>> | undefined;
  /**
   * Whether the call is tried again, elsewhere if there is a choice, after a
   * failure that allows it: one where the handler certainly did not run, and
   * for idempotent calls also one where it may have run. An object says how
   * often. Default: the client's (`true`). A stream is never tried again once
   * a replica has it.
   */
  readonly retry?: boolean | RetryOptions | undefined;
  /** Asks several replicas; takes effect for idempotent single calls alone. Default: the client's (`false`: off). */
  readonly hedge?: HedgeOptions | false | undefined;
  /** Whether running the handler twice does no harm. Default: as the method says; `false` for methods called by their key. */
  readonly idempotent?: boolean | undefined;
}

/** No options. */
export const NO_SERVICE_CALL_OPTIONS: ServiceCallOptions = {};
