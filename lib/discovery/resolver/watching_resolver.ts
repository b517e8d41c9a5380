/**
 * Endpoints that are watched for as long as somebody waits for them.
 *
 * @module
 */

import { type InternodeError, invalidArgument } from "../../errors.ts";
import { loggerOf } from "../../rpc/contract/logger.ts";
import { abort, guardedController } from "../../runtime/abort.ts";
import type { Endpoint } from "../../transport/channel/endpoint.ts";
import type { Logger } from "../../rpc/contract/logger.ts";
import type { Clock } from "../../runtime/clock.ts";
import { clockOf } from "../../runtime/given_clock.ts";
import { ShrinkGuard, type ShrinkOptions, shrinkSettings } from "./shrink_guard.ts";
import { LatestResolution } from "./latest_resolution.ts";
import type { Resolution, Resolver, Version } from "./resolver.ts";
import { func, optionsOf } from "../../foreign/option_checks.ts";

/** Where a watch tells what it sees. What it tells after its signal has aborted is ignored. */
export interface ResolutionSink {
  /** These are all endpoints now. The same addresses as before, in whatever order, are no news. */
  set(endpoints: Iterable<Endpoint>): void;
  /** The value does not exist in its store: no endpoints, and the version `missing`. */
  setMissing(): void;
  /**
   * The endpoints cannot be had at the moment. The last ones known stay;
   * whoever asked for the first time and finds none known gets this reason.
   */
  fail(reason: unknown): void;
}

/**
 * Looks where the endpoints come from. It is started when somebody asks, and
 * first of all tells what there is; it then goes on telling of changes until
 * its signal aborts, which is when nobody waits any more. It may be started
 * again later, and must have let go of all it holds when it ends.
 *
 * If it ends by itself, whoever waits is answered with what is known, and asks
 * again after a back-off; if it throws, they get what it threw.
 *
 * @param sink Takes what it sees.
 * @param signal Aborts when nobody waits any more.
 */
export type ResolutionWatch = (sink: ResolutionSink, signal: AbortSignal) => Promise<void>;

/** How a {@linkcode WatchingResolver} takes what its watch tells. */
export interface WatchingResolverOptions extends ShrinkOptions {
  /** What the endpoints are of, for the log. Default: `"a resolver"`. */
  readonly what?: string | undefined;
  /** Hears of endpoints that vanish with too many others. Default: the console. */
  readonly logger?: Logger | undefined;
  /** Where time comes from. Default: the system. */
  readonly clock?: Clock | undefined;
}

/**
 * A resolver made from a function that watches some source of endpoints. There
 * is one watch for all clients, and none while nobody waits.
 *
 * @example A service whose replicas a configuration server tells
 * ```ts
 * import { type Endpoint, missing, tcp, WatchingResolver } from "@internode/grid/call";
 * import { assertEquals } from "@std/assert";
 *
 * // In place of a subscription to a real server:
 * async function* subscribe(signal: AbortSignal): AsyncGenerator<string[] | null> {
 *   yield ["10.0.0.1:9000", "10.0.0.2:9000"];
 *   if (!signal.aborted) yield null;
 * }
 *
 * const resolver = new WatchingResolver(async (sink, signal) => {
 *   for await (const hosts of subscribe(signal)) {
 *     if (hosts === null) sink.setMissing();
 *     else sink.set(hosts.map((host): Endpoint => tcp(host)));
 *   }
 * });
 *
 * const { signal } = new AbortController();
 * const first = await resolver.resolve(null, signal);
 * assertEquals(first.endpoints.length, 2);
 * assertEquals((await resolver.resolve(first.version, signal)).version, missing);
 * ```
 */
export class WatchingResolver implements Resolver {
  readonly #watch: ResolutionWatch;
  readonly #latest: LatestResolution;
  readonly #clock: Clock;
  #run: AbortController | null = null;

  /**
   * Makes a resolver that has not looked yet.
   *
   * @param watch Looks, for as long as somebody waits.
   * @param options How much may vanish at once. Default: all, `maxShrink` is `false`; `shrinkHoldMs` is 30,000.
   * @throws {InternodeError} `InvalidArgument` for options that make no sense.
   */
  constructor(watch: ResolutionWatch, options: WatchingResolverOptions = {}) {
    const { what = "a resolver", logger, clock } = optionsOf("WatchingResolver", options);
    const settings = shrinkSettings("WatchingResolver", options);
    this.#watch = func("watch", watch);
    this.#clock = clockOf(clock);
    this.#latest = new LatestResolution(ShrinkGuard.of(settings, { what, logger, clock }));
  }

  /** Never: that is what the watch is for. */
  get isConstant(): false {
    return false;
  }

  /** As {@linkcode Resolver.resolve}: with the present version it waits for a newer one. */
  async resolve(version: Version | null, signal: AbortSignal): Promise<Resolution> {
    const asked = this.#latest.ask(version, signal);
    if (this.#latest.waiting > 0 && this.#run === null) void this.#start();
    try {
      const resolution = await asked;
      // Who is answered may ask again at once, and the watch goes on then.
      this.#clock.soon(() => this.#stopIfIdle());
      return resolution;
    } catch (error) {
      this.#stopIfIdle();
      throw error;
    }
  }

  #stopIfIdle(): void {
    if (this.#latest.waiting === 0) this.#stop();
  }

  async #start(): Promise<void> {
    const run = guardedController(loggerOf(undefined), "a watch"), latest = this.#latest;
    this.#run = run;
    const isOn = (): boolean => this.#run === run;
    try {
      await this.#watch({
        set: (endpoints) => void (isOn() && latest.tell(endpoints)),
        setMissing: () => void (isOn() && latest.tell(null)),
        fail: (reason) => void (isOn() && latest.fail(reason)),
      }, run.signal);
      if (!isOn()) return;
      this.#stop();
      latest.release(endedEarly());
    } catch (error) {
      if (!isOn()) return;
      this.#stop();
      latest.rejectAll(error);
    }
  }

  #stop(): void {
    if (this.#run !== null) abort(this.#run, undefined);
    this.#run = null;
    this.#latest.expire();
  }
}

function endedEarly(): InternodeError {
  return invalidArgument(
    "The watch of a resolver returned without reporting anything. " +
      "It must call set, setMissing or fail of its sink before it returns.",
  );
}
