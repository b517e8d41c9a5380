/**
 * The settings of a client.
 *
 * @module
 */

import { fields, positive, wholeNumber, withMethods } from "../../foreign/option_checks.ts";
import {
  type BackOffOptions,
  DEFAULT_BACK_OFF,
  resolveBackOff,
} from "../../rpc/connecting/back_off.ts";
import {
  type ConnectionOptions,
  type ConnectionSettings,
  resolveConnectionOptions,
} from "../../rpc/connecting/connection_options.ts";
import type { ClientCall, ClientInterceptor } from "../../rpc/contract/interceptor.ts";
import { type Chain, chainOf } from "../../rpc/interceptors/interceptor_chain.ts";
import type { Balancer } from "../balancers/balancer.ts";
import type { OutlierOptions } from "./outlier_detector.ts";
import type { RetryBudgetOptions } from "./retry_budget.ts";
import { resolveRetry } from "./retry_options.ts";
import type { RetryOptions } from "./retry_policy.ts";
import { checkName } from "./own_name.ts";
import { roundRobin } from "../balancers/round_robin.ts";
import { type HedgePolicy, resolveHedge } from "./hedge_policy.ts";
import type { HedgeOptions } from "./service_call_options.ts";
import { resolveZone, type ZoneOptions, type ZoneSettings } from "./zone_options.ts";

/** The options of `connect`. */
export interface ClientOptions extends ConnectionOptions {
  /** Aborts waiting for the resolver's first answer; after that it has no effect. Default: none. */
  readonly signal?: AbortSignal | undefined;
  /** Chooses the replica for each call; it belongs to this client only. Default: `roundRobin()`. */
  readonly balancer?: Balancer | undefined;
  /**
   * The zone that this client runs in, as its endpoints' attribute `zone` names
   * it, or that and how much is enough. Calls stay in the zone while it has
   * enough replicas that can take calls; else the rest spreads over the others.
   * See `ZoneOptions`. Default: none, zones have no effect.
   */
  readonly zone?: string | ZoneOptions | undefined;
  /** The name of this client for servers, in their handlers' `context.caller`: 1 to 255 bytes. Default: `"client"`. */
  readonly name?: string | undefined;
  /** How many connections are made to each replica, 1 to 1,024; each counts as a replica of its own, with `#2` and so on after its address. For servers with several workers at one port, because each connection leads to one worker, which the system chooses. Default: 1. */
  readonly connections?: number | undefined;
  /** How long a call may take unless it says otherwise, in milliseconds. Default: 60,000. */
  readonly defaultTimeoutMs?: number | undefined;
  /** How long one attempt to reach a replica may take, in milliseconds. Default: 10,000. */
  readonly dialTimeoutMs?: number | undefined;
  /** How reconnecting slows down. Default: see `BackOffOptions`. */
  readonly reconnect?: Partial<BackOffOptions> | undefined;
  /** How failed calls are retried; `false` for never. Default: see `RetryOptions`. */
  readonly retry?: boolean | Partial<RetryOptions> | undefined;
  /** How many retries there may be besides calls. Default: a fifth of the calls, and 10 a second. */
  readonly retryBudget?: RetryBudgetOptions | undefined;
  /** Whether calls of idempotent methods that take long are sent to a second replica too. Default: `false`. */
  readonly hedge?: HedgeOptions | false | undefined;
  /** Run around the calls of this client, the first outermost; see `ClientInterceptor`. Default: none, at no cost. */
  readonly interceptors?: readonly ClientInterceptor[] | undefined;
  /** When a replica that keeps failing is set aside; `false` for never. Default: see `OutlierOptions`. */
  readonly outliers?: Partial<OutlierOptions> | false | undefined;
}

/** The same options, complete. */
export interface ClientSettings extends ConnectionSettings {
  /** See {@linkcode ClientOptions}. */
  readonly balancer: Balancer;
  /** See {@linkcode ClientOptions}; `null` if zones have no effect. */
  readonly zone: ZoneSettings | null;
  /** See {@linkcode ClientOptions}. */
  readonly name: string;
  /** See {@linkcode ClientOptions}. */
  readonly connections: number;
  /** See {@linkcode ClientOptions}. */
  readonly defaultTimeoutMs: number;
  /** See {@linkcode ClientOptions}. */
  readonly dialTimeoutMs: number;
  /** See {@linkcode ClientOptions}. */
  readonly reconnect: BackOffOptions;
  /** How many attempts of a call may leave this process; 0 for no retries at all. */
  readonly maxAttempts: number;
  /** See {@linkcode ClientOptions}. */
  readonly retryBudget: RetryBudgetOptions;
  /** See {@linkcode ClientOptions}; `null` for never. */
  readonly hedge: HedgePolicy | null;
  /** See {@linkcode ClientOptions}. */
  readonly outliers: OutlierOptions;
  /** See {@linkcode ClientOptions}; `null` if there are none. */
  readonly chain: Chain<ClientCall> | null;
}

const MAX_CONNECTIONS = 1_024;

/**
 * Fills in defaults and checks the values.
 *
 * @throws {InternodeError} `InvalidArgument`, naming the option.
 */
export function resolveClientOptions(given: ClientOptions): ClientSettings {
  const { name = "client", connections = 1 } = given;
  checkName(name);
  wholeNumber("connections", connections, 1, MAX_CONNECTIONS);
  return {
    ...resolveConnectionOptions(given),
    balancer: given.balancer === undefined
      ? roundRobin()
      : withMethods("balancer", given.balancer, "pick", "update"),
    zone: resolveZone(given.zone),
    name,
    connections,
    defaultTimeoutMs: positive("defaultTimeoutMs", given.defaultTimeoutMs, 60_000),
    dialTimeoutMs: positive("dialTimeoutMs", given.dialTimeoutMs, 10_000),
    reconnect: resolveBackOff("reconnect", DEFAULT_BACK_OFF, given.reconnect),
    maxAttempts: resolveRetry(given.retry),
    retryBudget: fields("retryBudget", given.retryBudget) ?? {},
    hedge: resolveHedge(given.hedge),
    outliers: given.outliers === false
      ? { maxFailures: Infinity }
      : fields("outliers", given.outliers) ?? {},
    chain: chainOf("interceptors", given.interceptors),
  };
}
