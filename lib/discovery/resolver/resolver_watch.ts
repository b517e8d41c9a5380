/**
 * Keeps asking a resolver.
 *
 * @module
 */

import { invalidArgument } from "../../errors.ts";
import { abort, guardedController } from "../../runtime/abort.ts";
import type { EventLogger } from "../../foreign/log_event.ts";
import { isOwnError } from "../../foreign/own_error.ts";
import { are, counted, sentence, textOf } from "../../foreign/text_of.ts";
import { BackOff, type BackOffOptions, lastingMs } from "../../rpc/connecting/back_off.ts";
import { RepeatedFailures } from "../../rpc/connecting/repeated_failures.ts";
import type { Clock, Random } from "../../runtime/clock.ts";
import { type Endpoint, isEndpoint } from "../../transport/channel/endpoint.ts";
import { times } from "../../driver/repeated_lines.ts";
import type { Resolution, Resolver, Version } from "./resolver.ts";

/** How long to wait after something new before taking more, in milliseconds, whatever a resolver does. */
const PACE_MS = 10;

/** What a watch is made from. */
export interface ResolverWatchOptions {
  /** Where time comes from. */
  readonly clock: Clock;
  /** The source of random numbers. */
  readonly random: Random;
  /** How asking again slows down. */
  readonly backOff: BackOffOptions;
  /** Where failures are told. */
  readonly logger: EventLogger;
  /** Takes each new set of endpoints. */
  readonly onEndpoints: (endpoints: readonly Endpoint[]) => void;
}

/** Asks a constant resolver once, and any other one until it is closed. */
export class ResolverWatch {
  readonly #resolver: Resolver;
  readonly #options: ResolverWatchOptions;
  readonly #backOff: BackOff;
  readonly #abort: AbortController;
  readonly #failures: RepeatedFailures;
  /** That some endpoints are of no use. */
  readonly #partial: RepeatedFailures;
  #failure: unknown = undefined;

  constructor(resolver: Resolver, options: ResolverWatchOptions) {
    this.#resolver = resolver;
    this.#options = options;
    this.#abort = guardedController(options.logger, "a resolver");
    this.#backOff = new BackOff(options.backOff, options.random);
    this.#failures = new RepeatedFailures(options.clock, lastingMs(options.backOff));
    this.#partial = new RepeatedFailures(options.clock, lastingMs(options.backOff));
  }

  /** What the resolver has failed with, if it has said nothing since. */
  get failure(): unknown {
    return this.#failure;
  }

  /**
   * Asks for the first time, and goes on asking behind the scenes. Of a
   * resolver that may change, a first failure is told to the log and asked
   * again after a back-off.
   *
   * @throws What a constant resolver rejects with, or the reason it was closed with.
   */
  async start(): Promise<void> {
    const { isConstant } = this.#resolver;
    let version: Version | null = null;
    try {
      version = this.#take(await this.#question(null), null);
    } catch (error) {
      this.#abort.signal.throwIfAborted();
      this.#failure = error;
      if (isConstant) throw error;
      this.#tell(error);
    }
    if (!isConstant) this.#run(version);
  }

  /** Asks no more. Does not wait for a resolver that ignores its signal. */
  close(reason: unknown): void {
    abort(this.#abort, reason);
  }

  async #run(first: Version | null): Promise<void> {
    const { signal } = this.#abort;
    let version = first;
    let pauseMs = version === null ? this.#backOff.next() : 0;
    while (!signal.aborted) {
      // Who has just been answered asks at once, so that what looks for changes goes on, and hears of it later.
      const asked = pauseMs <= PACE_MS ? this.#question(version) : null;
      asked?.catch(() => {});
      await this.#pause(pauseMs);
      if (signal.aborted) return;
      try {
        const next = this.#take(await (asked ?? this.#question(version)), version);
        if (next === version) {
          pauseMs = this.#backOff.next();
        } else {
          version = next;
          this.#backOff.reset();
          pauseMs = PACE_MS;
        }
      } catch (error) {
        if (signal.aborted) return;
        this.#failure = error;
        this.#tell(error);
        pauseMs = this.#backOff.next();
      }
    }
  }

  /** Asks once, and gives up when this is closed, whatever the resolver does. */
  async #question(version: Version | null): Promise<Resolution> {
    const { signal } = this.#abort;
    signal.throwIfAborted();
    const aborted = Promise.withResolvers<never>();
    const onAbort = (): void => aborted.reject(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      return await Promise.race([this.#resolver.resolve(version, signal), aborted.promise]);
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
  }

  /** Hands on what is new, and gives its version. */
  #take(resolution: Resolution, version: Version | null): Version | null {
    const endpoints = goodEndpoints(resolution, this.#resolver.isConstant);
    this.#tellPartial(resolution.endpoints.length - endpoints.length, endpoints.length);
    this.#tellSuccess();
    this.#failure = undefined;
    if (version === null || resolution.version !== version) this.#options.onEndpoints(endpoints);
    return resolution.version;
  }

  #pause(pauseMs: number): Promise<void> {
    const { clock } = this.#options;
    const { signal } = this.#abort;
    return new Promise((resolve) => {
      const onAbort = (): void => {
        clock.clearTimer(timer);
        resolve();
      };
      const timer = clock.setTimer(pauseMs, () => {
        signal.removeEventListener("abort", onAbort);
        resolve();
      });
      signal.addEventListener("abort", onAbort, { once: true });
    });
  }

  #tell(error: unknown): void {
    const reason = textOf(error), code = isOwnError(error) ? error.code : undefined;
    const sum = this.#failures.onFailure(String(code));
    this.#options.logger[sum === null ? "debug" : "warn"](
      `The resolver failed and will be asked again: ${sentence(reason)}${times(sum?.count ?? 1)}`,
      { event: "resolver_failed", reason, code, error, ...sum },
    );
  }

  #tellSuccess(): void {
    const sum = this.#failures.onSuccess();
    if (sum === null || sum.count === 0) return;
    const message = `The resolver works again after ${counted(sum.count, "failure")}.`;
    this.#options.logger.info(message, { event: "resolver_recovered", ...sum });
  }

  /** The same is logged once: what a resolver may change says it with each change. */
  #tellPartial(bad: number, good: number): void {
    if (bad === 0) return void this.#partial.onSuccess();
    const level = this.#partial.onFailure("bad") === null ? "debug" : "warn";
    this.#options.logger[level](
      `${bad} of the resolver's ${counted(bad + good, "endpoint")} ${
        are(bad)
      } invalid and ignored: ` +
        "each must have an address and a dial function. The others are used.",
      { event: "endpoint_ignored", count: bad },
    );
  }
}

/**
 * Those endpoints of an answer that are some; a resolver may be a user's own.
 *
 * @throws {InternodeError} `InvalidArgument` for an answer that makes no sense, or has no good part.
 */
function goodEndpoints(resolution: Resolution, isConstant: boolean): readonly Endpoint[] {
  const { endpoints, version }: Partial<Resolution> = resolution ?? {};
  const good = Array.isArray(endpoints) ? endpoints.filter(isEndpoint) : [];
  const wrong = !Array.isArray(endpoints)
    ? "endpoints must be an array"
    : good.length === 0 && endpoints.length > 0
    ? "each endpoint must have an address and a dial function"
    : isConstant !== (version === null)
    ? `a resolver that is ${isConstant ? "" : "not "}constant must give ${
      isConstant ? "no" : "a"
    } version`
    : null;
  if (wrong === null) return good;
  throw invalidArgument(`The resolver gave an invalid result: ${wrong}.`);
}
