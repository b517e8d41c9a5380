/**
 * Endpoints that a program sets itself.
 *
 * @module
 */

import { listedEndpoints } from "./resolver/made_endpoint.ts";
import type { Endpoint } from "../transport/channel/endpoint.ts";
import type { Logger } from "../rpc/contract/logger.ts";
import type { Clock } from "../runtime/clock.ts";
import { LatestResolution } from "./resolver/latest_resolution.ts";
import type { Resolution, Resolver, Version } from "./resolver/resolver.ts";
import { ShrinkGuard, type ShrinkOptions, shrinkSettings } from "./resolver/shrink_guard.ts";
import { optionsOf } from "../foreign/option_checks.ts";

/** How a {@linkcode ManualResolver} takes what it is given. */
export interface ManualResolverOptions extends ShrinkOptions {
  /** Hears of endpoints that vanish with too many others. Default: the console. */
  readonly logger?: Logger | undefined;
  /** Where time comes from. Default: the system. */
  readonly clock?: Clock | undefined;
}

/**
 * A resolver whose endpoints the program sets by hand: for tests, simulations,
 * and programs that learn of replicas in a way of their own. Where that takes
 * a connection, a file or a timer that should only live while somebody waits,
 * take {@linkcode WatchingResolver}.
 *
 * Whoever waits for something newer is told in the same turn. A set with the
 * same addresses and attributes as the one before, in whatever order, is no news.
 *
 * @example
 * ```ts
 * import { ManualResolver, tcp } from "@internode/grid/call";
 * import { assertEquals } from "@std/assert";
 *
 * const resolver = new ManualResolver([tcp("10.0.0.1:9000")]);
 * const { signal } = new AbortController();
 * const first = await resolver.resolve(null, signal);
 *
 * const newer = resolver.resolve(first.version, signal);
 * resolver.set([tcp("10.0.0.1:9000"), tcp("10.0.0.2:9000")]);
 * assertEquals((await newer).endpoints.length, 2);
 * ```
 */
export class ManualResolver implements Resolver {
  readonly #latest: LatestResolution;

  /**
   * Starts with the given endpoints.
   *
   * @param endpoints The replicas. Default: none, with the version `missing`.
   * @param options How much may vanish at once. Default: all, `maxShrink` is `false`; `shrinkHoldMs` is 30,000.
   * @throws {InternodeError} `InvalidArgument` for options that make no sense.
   */
  constructor(endpoints?: Iterable<Endpoint>, options: ManualResolverOptions = {}) {
    const { logger, clock } = optionsOf("ManualResolver", options), what = "a ManualResolver";
    const settings = shrinkSettings("ManualResolver", options);
    this.#latest = new LatestResolution(ShrinkGuard.of(settings, { what, logger, clock }));
    this.#latest.tell(endpoints === undefined ? null : listedEndpoints(endpoints));
  }

  /** Never: the endpoints may change at any time. */
  get isConstant(): false {
    return false;
  }

  /** The endpoints of the moment. */
  get endpoints(): readonly Endpoint[] {
    return this.#latest.current!.endpoints;
  }

  /** How many calls of `resolve` wait for something newer. */
  get waiting(): number {
    return this.#latest.waiting;
  }

  /**
   * Replaces the endpoints.
   *
   * @param endpoints All that there are now; of several with one address the first counts.
   */
  set(endpoints: Iterable<Endpoint>): void {
    this.#latest.tell(listedEndpoints(endpoints));
  }

  /** Takes all endpoints out, as if the value did not exist: the version is `missing`. */
  setMissing(): void {
    this.#latest.tell(null);
  }

  /** As {@linkcode Resolver.resolve}: with the present version it waits for a newer one. */
  resolve(version: Version | null, signal: AbortSignal): Promise<Resolution> {
    return this.#latest.ask(version, signal);
  }
}
