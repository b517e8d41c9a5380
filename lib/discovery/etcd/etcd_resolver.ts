/**
 * Endpoints that stand in etcd.
 *
 * @module
 */

import { keptText } from "../resolver/kept_text.ts";
import { makerOf } from "../resolver/made_endpoint.ts";
import type { Resolver } from "../resolver/resolver.ts";
import { type ResolutionSink, WatchingResolver } from "../resolver/watching_resolver.ts";
import type { EventLogger } from "../../foreign/log_event.ts";
import { isOwnError } from "../../foreign/own_error.ts";
import { sentence, textOf } from "../../foreign/text_of.ts";
import { BackOff, type BackOffOptions } from "../../rpc/connecting/back_off.ts";
import { type Logger, loggerOf } from "../../rpc/contract/logger.ts";
import type { Clock, Random } from "../../runtime/clock.ts";
import type { Endpoint } from "../../transport/channel/endpoint.ts";
import { parseNetEndpoint } from "../../transport/net_endpoint.ts";
import { RepeatedLines, times } from "../../driver/repeated_lines.ts";
import { EtcdGateway, type EtcdOptions } from "./etcd_gateway.ts";
import { keyStart } from "./etcd_key.ts";
import { EtcdSet } from "./etcd_set.ts";
import { EtcdStore } from "./etcd_store.ts";
import { readRecord } from "../resolver/endpoint_record.ts";
import { positiveOption } from "../resolver/option_checks.ts";
import { pause } from "../../runtime/pause.ts";
import { TimeLimit } from "../resolver/time_limit.ts";
import { ProblemLog } from "../resolver/problem_log.ts";
import { type ShrinkOptions, shrinkSettings } from "../resolver/shrink_guard.ts";
import { optionsOf } from "../../foreign/option_checks.ts";
import { clockOf, randomOf } from "../../runtime/given_clock.ts";

/** What an {@linkcode etcdResolver} is made from. */
export interface EtcdResolverOptions extends EtcdOptions, ShrinkOptions {
  /** The service: its replicas stand under this prefix and a slash, `"services/cache"`. */
  readonly prefix: string;
  /** How often all is listed anew even if the watch tells of nothing, in milliseconds: so long a watch may be dead without a sign. Default: 30,000. */
  readonly refreshMs?: number | undefined;
  /** Makes an endpoint of an address, or of a value that is no `EndpointRecord`; throws if it cannot. Default: `parseNetEndpoint`. */
  readonly makeEndpoint?: ((text: string) => Endpoint) | undefined;
  /** Where trouble is told. Default: the console, quiet below warnings. */
  readonly logger?: Logger | undefined;
  /** The source of random numbers. Default: the system. */
  readonly random?: Random | undefined;
}

/** How asking again slows down while etcd is in trouble. */
const BACK_OFF: BackOffOptions = { initialMs: 20, factor: 1.6, maxMs: 5_000, jitter: 0.4 };
const OWNER = "etcdResolver";

/**
 * Finds a service's replicas in etcd v3 (3.4 or newer), through its JSON
 * gateway: each value under a prefix is an endpoint, `tcp://10.0.0.1:9000` or
 * `unix:///run/a.sock`, as `register` puts them there, or an `EndpointRecord`
 * in JSON, with name, zone, weight, priority and metadata beside the address.
 *
 * The prefix is listed, then watched from that revision on; each change is a
 * new version. When the watch ends for whatever reason (etcd restarts, the
 * revision is compacted away, `refreshMs` are over), all is listed anew and
 * compared. While etcd is away the last set stays, and whoever waits for a
 * newer one waits on; a question fails only if nothing is known yet. An empty prefix has
 * no endpoints and the version `missing`.
 *
 * If more than half of the endpoints vanish at once (`maxShrink`), as when etcd
 * has lost its data, they stay in use until they are registered again, or for 30 s
 * (`shrinkHoldMs`).
 *
 * A value that is no endpoint is told to the logger, once, and passed over; if
 * its key had a good one before, that one stays.
 *
 * There is one watch, however many wait, and none while nobody does. So there
 * is nothing to close.
 *
 * @param options Which etcd, and which prefix.
 * @returns The resolver, which may be shared.
 * @throws {InternodeError} `InvalidArgument` for options that make no sense.
 *
 * @example
 * ```ts
 * import { connect } from "@internode/grid/call";
 * import { etcdResolver } from "@internode/grid/etcd";
 *
 * async function connectToCache() {
 *   return await connect(
 *     etcdResolver({
 *       urls: ["http://10.0.0.1:2379", "http://10.0.0.2:2379"],
 *       prefix: "services/cache",
 *     }),
 *   );
 * }
 * ```
 */
export function etcdResolver(options: EtcdResolverOptions): Resolver {
  const follower = new EtcdFollower(options);
  const { logger, clock } = options, what = `${follower.keyStart} in etcd`;
  const settings = shrinkSettings(OWNER, options, { maxShrink: 0.5, shrinkHoldMs: 30_000 });
  return new WatchingResolver(
    (sink, signal) => follower.follow(sink, signal),
    { ...settings, what, logger, clock },
  );
}

/** Lists, watches until that ends, and lists again. */
class EtcdFollower {
  /** What all keys start with. */
  readonly keyStart: string;
  readonly #refreshMs: number;
  readonly #makeEndpoint: (text: string) => Endpoint;
  readonly #logger: EventLogger;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #store: EtcdStore;
  readonly #trouble: ProblemLog;
  readonly #badValues = new RepeatedLines();
  readonly #set = new EtcdSet((key, text) => this.#read(key, text));

  constructor(options: EtcdResolverOptions) {
    this.keyStart = keyStart(OWNER, optionsOf(OWNER, options).prefix);
    this.#refreshMs = positiveOption(OWNER, "refreshMs", options.refreshMs, 30_000);
    this.#makeEndpoint = makerOf(options.makeEndpoint) ?? parseNetEndpoint;
    this.#logger = loggerOf(options.logger);
    this.#clock = clockOf(options.clock);
    this.#random = randomOf(options.random);
    this.#store = new EtcdStore(new EtcdGateway(options));
    this.#trouble = new ProblemLog(
      this.#logger,
      this.#clock,
      `The replicas under ${this.keyStart} in etcd are watched again.`,
      { event: "resolver_recovered", key: this.keyStart },
    );
  }

  async follow(sink: ResolutionSink, signal: AbortSignal): Promise<void> {
    try {
      await this.#follow(sink, signal);
    } finally {
      this.#store.disconnect();
    }
  }

  async #follow(sink: ResolutionSink, signal: AbortSignal): Promise<void> {
    const backOff = new BackOff(BACK_OFF, this.#random);
    while (!signal.aborted) {
      try {
        const listing = await this.#store.list(this.keyStart, signal);
        signal.throwIfAborted();
        this.#set.list(listing);
        this.#trouble.clear();
        this.#show(sink);
        if (await this.#watch(sink, signal)) backOff.reset();
      } catch (error) {
        if (signal.aborted) return;
        this.#tell(error);
        sink.fail(error);
      }
      await pause(this.#clock, backOff.next(), signal);
    }
  }

  /** Watches for as long as that goes; says whether it was worth while. */
  async #watch(sink: ResolutionSink, signal: AbortSignal): Promise<boolean> {
    // Who waited may have been satisfied.
    if (signal.aborted) return false;
    using bound = new TimeLimit(this.#clock, this.#refreshMs, signal);
    let isFruitful = false;
    try {
      const from = this.#set.revision + 1n;
      await using watch = await this.#store.watch(this.keyStart, from, bound.signal);
      while (true) {
        const changes = await watch.next();
        if (changes === null) return isFruitful;
        bound.signal.throwIfAborted();
        if (changes.length === 0) continue;
        isFruitful = true;
        this.#set.apply(changes);
        this.#show(sink);
      }
    } catch (error) {
      if (bound.expired) return true;
      throw error;
    }
  }

  #show(sink: ResolutionSink): void {
    const endpoints = this.#set.endpoints();
    if (endpoints === null) sink.setMissing();
    else sink.set(endpoints);
  }

  #read(key: string, text: string): Endpoint | null {
    try {
      return readRecord(text, this.#makeEndpoint);
    } catch (error) {
      // Whoever may write there may write as often as he likes.
      const count = this.#badValues.note(key, this.#clock.now());
      this.#logger[count > 0 ? "warn" : "debug"](
        `The value in etcd under ${key} is not an endpoint and is ignored: ` +
          `${sentence(textOf(error))} Correct or delete it.${times(count)}`,
        { event: "endpoint_ignored", key, reason: textOf(error), error, count },
      );
      return null;
    }
  }

  #tell(error: unknown): void {
    this.#trouble.warn(
      `The replicas under ${this.keyStart} in etcd cannot be watched at the moment: ` +
        `${sentence(textOf(error))} ${keptText(this.#set.endpoints()?.length ?? 0)}`,
      {
        event: "resolver_failed",
        key: this.keyStart,
        reason: textOf(error),
        code: isOwnError(error) ? error.code : undefined,
        error,
      },
    );
  }
}
