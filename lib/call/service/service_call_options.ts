/**
 * The options of one call of a service.
 *
 * @module
 */

import type { ShardKey } from "../../discovery/ownership/key_hash.ts";
import type { EnclosingCall } from "../../rpc/contract/call_options.ts";
import type { ContextValues } from "../../rpc/contract/context_values.ts";
import type { CallPriority } from "../../session/frames/priority.ts";
import type { Balancer } from "../balancers/balancer.ts";
import type { RetryOptions } from "./retry_policy.ts";

/**
 * Asks several replicas at a time, for idempotent methods whose slowest calls
 * matter: the first answer counts, the other attempts are cancelled. After
 * Dean and Barroso, "The Tail at Scale", Communications of the ACM 56(2), 2013.
 */
export interface HedgeOptions {
  /** How long to wait for an attempt before the next one starts, in milliseconds; 0 to start all at once. A good value is what 95 of 100 calls stay below. */
  readonly delayMs: number;
  /** How many attempts there may be in all, the first among them. Default: 2. */
  readonly maxAttempts?: number | undefined;
}

/**
 * Options of one call of a service. Options that are left out (or `undefined`)
 * have the client's values.
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
  /** The shard key, if the balancer uses shards; 0 is a valid key. Default: none. */
  readonly shardKey?: ShardKey | undefined;
  /** Chooses the replicas for this call. A balancer with state must be made for this client. Default: the client's. */
  readonly balancer?: Balancer | undefined;
  /**
   * How long the call may take in all, waiting for a replica and every retry
   * included, in milliseconds; `Infinity` for no limit. Default: the client's
   * `defaultTimeoutMs` (60,000) for single calls, `Infinity` for streams.
   */
  readonly timeoutMs?: number | undefined;
  /** Ends the call at once when it aborts, with its reason; the handler is cancelled. Default: none. */
  readonly signal?: AbortSignal | undefined;
  /** Receives the response's bytes; the result is a view of it. For single calls whose response is raw bytes, see `CallOptions` of the grid. Default: none. */
  readonly into?: Uint8Array | undefined;
  /** Whether each output of a stream is lent until the next is asked for, and empty from then on. For streams whose outputs are raw bytes, see `CallOptions` of the grid. Default: `false`. */
  readonly lendOutputs?: boolean | undefined;
  /** Whether to wait until the deadline for replicas that are all known to be down, or for the resolver to list any; `false` to fail at once then, with `Unreachable`. Default: `true`. */
  readonly waitForReady?: boolean | undefined;
  /** How long to poll the socket for the response of a single call, in microseconds, see `ConnectionOptions`; streams do not poll. Default: the client's `spinUs` (0, never). */
  readonly spinUs?: number | undefined;
  /** Strings that are sent with the call: at most 4,096 bytes in all. Default: none. */
  readonly metadata?: Readonly<Record<string, string>> | undefined;
  /** The context of the handler that makes this call: its time left less a margin, its end and its trace are the call's, see `CallOptions` of the grid. Default: none. */
  readonly within?: EnclosingCall | undefined;
  /** How urgent the call is, see `CallOptions` of the grid; each attempt is. Default: `"normal"`, or that of `within`. */
  readonly priority?: CallPriority | undefined;
  /** Values for the client's interceptors, see `contextKey`. Nothing of them is sent. Default: none. */
  readonly values?: ContextValues | undefined;
  /**
   * Is told the headers that the handler has set, before the response or the
   * failure is given; not called if there are none. Of several attempts, those
   * of the one whose answer the caller gets. What it throws is logged once. For
   * single calls; streams have `headers`. Default: none.
   */
  readonly onHeaders?: ((headers: Readonly<Record<string, string>>) => void) | undefined;
  /** The same for the trailers, after the headers. For single calls; streams have `trailers`. Default: none. */
  readonly onTrailers?: ((trailers: Readonly<Record<string, string>>) => void) | undefined;
  /**
   * Whether the call is retried, at another replica if possible, after a
   * failure that allows it: one where the handler certainly did not run, and
   * for idempotent calls also one where it may have run. An object sets how
   * often. Default: the client's (`true`). A stream is never retried once a
   * replica has it.
   */
  readonly retry?: boolean | RetryOptions | undefined;
  /** Asks several replicas; has an effect for idempotent single calls only. Default: the client's (`false`: off). */
  readonly hedge?: HedgeOptions | false | undefined;
  /** Whether running the handler twice does no harm. Default: the method's setting; `false` for methods called by their key. */
  readonly idempotent?: boolean | undefined;
}

/** No options. */
export const NO_SERVICE_CALL_OPTIONS: ServiceCallOptions = {};
