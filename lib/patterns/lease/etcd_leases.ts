/**
 * Leases in etcd.
 *
 * @module
 */

import { EtcdClaims } from "../../discovery/etcd/etcd_claims.ts";
import type { EtcdOptions } from "../../discovery/etcd/etcd_gateway.ts";
import { optionsOf } from "../../foreign/option_checks.ts";
import { type Logger, loggerOf } from "../../rpc/contract/logger.ts";
import type { Random } from "../../runtime/clock.ts";
import { clockOf, randomOf } from "../../runtime/given_clock.ts";
import { EngineLeases } from "./engine_leases.ts";
import { EtcdEngine } from "./etcd_engine.ts";
import type { Leases } from "./lease.ts";

/** Which etcd keeps leases, and how. */
export interface EtcdLeasesOptions extends EtcdOptions {
  /** Where they are: each key is this prefix, a slash and the lease's name: `"leases/shop"`. Shared ones are behind two slashes. */
  readonly prefix: string;
  /** Who this node is, for people who look into etcd. */
  readonly holder: string;
  /** How long a lease outlives a holder that died, in whole seconds, from 1 to 3,600. Default: 10. */
  readonly ttlSeconds?: number | undefined;
  /** Where it is told who leads, and what goes wrong. Default: the console, quiet below warnings. */
  readonly logger?: Logger | undefined;
  /** The source of random numbers. Default: the system. */
  readonly random?: Random | undefined;
}

/**
 * The same leases as `gridLeases`, kept by an etcd v3 (3.4 or newer): for
 * those who have one. It writes all to its members' disks, so nothing is
 * forgotten in restarts, and votes at once. Tokens are revisions of etcd: do
 * not change between the two for one store without resetting what it has seen.
 *
 * Shared leases work as those of `gridLeases` do. Names must not begin with `/shared/` or
 * `/waiting/`: the keys of shared leases, and of those who wait for one, begin so.
 *
 * Whoever deletes the key of a lease lets others have it: its holder finds out
 * when it renews it, after up to a third of the lease's time. The tokens grow all the same.
 *
 * @param options Which etcd, and under which prefix.
 * @returns Leases, to be closed.
 * @throws {InternodeError} `InvalidArgument` for options that make no sense.
 *
 * @example
 * ```ts
 * import { etcdLeases } from "@internode/grid/patterns";
 *
 * async function lead(stopped: Promise<void>) {
 *   const options = { urls: "http://10.0.0.1:2379", prefix: "leases/shop", holder: "node-1" };
 *   await using leases = etcdLeases(options);
 *   leases.singleton("mailer", ({ token, signal }) => send(token, signal));
 *   await stopped;
 * }
 * async function send(token: number, signal: AbortSignal) {
 *   while (!signal.aborted) {
 *     console.log(`sending what is due, with token ${token}`);
 *     await new Promise((stop) => signal.addEventListener("abort", stop));
 *   }
 * }
 * console.log(lead.name);
 * ```
 */
export function etcdLeases(options: EtcdLeasesOptions): Leases {
  const given = optionsOf("etcdLeases", options), { ttlSeconds = 10 } = given;
  const claims = new EtcdClaims("etcdLeases", { ...given, ttlSeconds });
  const clock = clockOf(given.clock), random = randomOf(given.random);
  const engine = new EtcdEngine(claims, clock), logger = loggerOf(given.logger);
  return new EngineLeases({ engine, clock, logger }, random);
}
