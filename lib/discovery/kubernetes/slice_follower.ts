/**
 * Following the EndpointSlices of a service.
 *
 * @module
 */

import type { ResolutionSink } from "../resolver/watching_resolver.ts";
import type { EventLogger } from "../../foreign/log_event.ts";
import { isOwnError } from "../../foreign/own_error.ts";
import { counted, sentence, textOf } from "../../foreign/text_of.ts";
import { type BackOffOptions, LastingBackOff } from "../../rpc/connecting/back_off.ts";
import { loggerOf } from "../../rpc/contract/logger.ts";
import type { Clock, Random, Timer } from "../../runtime/clock.ts";
import { pause } from "../../runtime/pause.ts";
import type { Endpoint } from "../../transport/channel/endpoint.ts";
import { positiveOption } from "../resolver/option_checks.ts";
import { ProblemLog } from "../resolver/problem_log.ts";
import { ApiClient } from "./api_client.ts";
import { detailOf } from "./api_error.ts";
import type { EndpointSlice } from "./endpoint_slice.ts";
import {
  apiServerUrl,
  checkChoice,
  type KubernetesResolverOptions,
  OWNER,
} from "./kubernetes_options.ts";
import { PodEndpoints, title } from "./pod_endpoints.ts";
import { SERVICE_ACCOUNT_FOLDER, ServiceAccount } from "./service_account.ts";
import { SliceSet } from "./slice_set.ts";
import { listSlices, type ServiceKey, type SliceEvent, watchSlices } from "./slice_source.ts";
import { clockOf, randomOf } from "../../runtime/given_clock.ts";

/** How asking again slows down while the API server is in trouble. */
const BACK_OFF: BackOffOptions = { initialMs: 100, factor: 1.6, maxMs: 10_000, jitter: 0.4 };
/** For how long a set that was watched until then needs not be listed again, in milliseconds. */
const RESUME_MS = 10_000;
/** How close two changes are told, and how long an endpoint may be on its way from one slice to another, in milliseconds. */
const SETTLE_MS = 100;
/** The status of an expired revision: this is no fault, and the list starts anew. */
const GONE = 410;

/** Lists, watches until that ends, and goes on from there. */
export class SliceFollower {
  readonly #options: KubernetesResolverOptions;
  readonly #refreshMs: number;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #logger: EventLogger;
  readonly #account: ServiceAccount;
  readonly #client: ApiClient;
  readonly #backOff: LastingBackOff;
  /** That the API server cannot be watched. */
  readonly #trouble: ProblemLog;
  /** That there are no slices. */
  readonly #absence: ProblemLog;
  /** That the options fit to no endpoint. */
  readonly #misfit: ProblemLog;
  /** That slices make no sense. */
  readonly #badSlices: ProblemLog;
  readonly #endpoints: PodEndpoints;
  readonly #set = new SliceSet();
  #key: ServiceKey | null = null;
  /** From where on the watch goes on; `null`: it cannot. */
  #revision: string | null = null;
  /** When the set was last known to be up to date. */
  #currentMs = -Infinity;
  /** The addresses that were told last; `null`: none were told yet. */
  #told: ReadonlySet<string> | null = null;
  #toldMs = -Infinity;
  /** Why nothing is known yet. */
  #failure: unknown = null;
  #settling: Timer | null = null;

  /** @throws {InternodeError} `InvalidArgument` for options that make no sense. */
  constructor(options: KubernetesResolverOptions) {
    checkChoice(options);
    const { serviceAccountFolder = SERVICE_ACCOUNT_FOLDER, requestTimeoutMs = 10_000 } = options;
    this.#options = options;
    this.#refreshMs = positiveOption(OWNER, "refreshMs", options.refreshMs, 90_000);
    this.#clock = clockOf(options.clock);
    this.#random = randomOf(options.random);
    this.#logger = loggerOf(options.logger);
    this.#account = new ServiceAccount(serviceAccountFolder);
    this.#client = new ApiClient({
      url: apiServerUrl(options),
      account: this.#account,
      requestTimeoutMs: positiveOption(OWNER, "requestTimeoutMs", requestTimeoutMs, 5_000),
      clock: this.#clock,
    });
    this.#backOff = new LastingBackOff(BACK_OFF, { clock: this.#clock, random: this.#random });
    const { service } = options;
    const over = (message: string): ProblemLog =>
      new ProblemLog(this.#logger, this.#clock, message, {
        event: "resolver_recovered",
        name: service,
      });
    this.#trouble = over(`The endpoints of Service ${service} are watched again.`);
    this.#absence = over(`There are EndpointSlices of Service ${service} now.`);
    this.#misfit = over(`The endpoints of Service ${service} can be used now.`);
    this.#badSlices = over(`All EndpointSlices of Service ${service} can be read again.`);
    this.#endpoints = new PodEndpoints(options, this.#logger);
  }

  /** Never rejects. */
  async follow(sink: ResolutionSink, signal: AbortSignal): Promise<void> {
    if (this.#clock.now() - this.#currentMs > RESUME_MS) this.#revision = null;
    // Whoever asks again and again while nothing is known must not make the server be asked as often.
    if (this.#waitMs() > 0 && this.#failure !== null) sink.fail(this.#failure);
    try {
      while (!signal.aborted) {
        await pause(this.#clock, this.#waitMs(), signal);
        if (!signal.aborted) await this.#attempt(sink, signal);
      }
    } finally {
      this.#client.disconnect();
    }
  }

  #waitMs(): number {
    return this.#backOff.dueMs - this.#clock.now();
  }

  async #attempt(sink: ResolutionSink, signal: AbortSignal): Promise<void> {
    let retryAfterMs = 0;
    try {
      const { service, namespace } = this.#options;
      const key = this.#key ??= {
        service,
        namespace: namespace ?? await this.#account.namespace(signal),
      };
      if (this.#revision === null) await this.#list(key, signal);
      this.#show(key, sink);
      if (signal.aborted) return;
      await this.#watch(key, sink, signal);
    } catch (error) {
      if (signal.aborted) return;
      // What comes next is a list, on a new connection.
      this.#revision = null;
      this.#client.disconnect();
      const detail = detailOf(error);
      retryAfterMs = detail.retryAfterMs;
      if (detail.status !== GONE) this.#fail(this.#trouble, sink, error);
    }
    const waitMs = this.#backOff.next();
    if (retryAfterMs > waitMs) this.#backOff.dueMs = this.#clock.now() + retryAfterMs;
  }

  async #list(key: ServiceKey, signal: AbortSignal): Promise<void> {
    const { revision, slices, invalid } = await listSlices(this.#client, key, signal);
    signal.throwIfAborted();
    const [problem] = invalid.values();
    if (slices.length === 0 && problem !== undefined) throw problem;
    this.#set.replace(slices, invalid.keys());
    if (invalid.size === 0) this.#badSlices.clear();
    for (const error of invalid.values()) this.#tellBad(sentence(textOf(error)), error);
    for (const slice of slices) this.#tellInvalid(slice);
    this.#trouble.clear();
    this.#currentMs = this.#clock.now();
    this.#revision = revision;
  }

  /** Watches for as long as that goes. */
  async #watch(key: ServiceKey, sink: ResolutionSink, signal: AbortSignal): Promise<void> {
    await using watch = await watchSlices(
      this.#client,
      key,
      this.#revision!,
      this.#random,
      signal,
    );
    this.#trouble.clear();
    this.#backOff.onBegun();
    let hasTold = false;
    try {
      while (true) {
        const event = await watch.next(this.#refreshMs);
        signal.throwIfAborted();
        if (event === null) break;
        hasTold = true;
        this.#currentMs = this.#clock.now();
        this.#apply(event);
        this.#revision = event.revision;
        if (event.type !== "bookmark") this.#showSoon(key, sink);
      }
      // The connection may be dead without a sign.
      this.#client.disconnect();
      // What was silent may be no watch at all, or one of a server that has lost its data.
      if (!hasTold) this.#revision = null;
    } finally {
      if (this.#settling !== null) this.#show(key, sink);
      if (signal.aborted) this.#currentMs = this.#clock.now();
    }
  }

  #apply(event: SliceEvent): void {
    if (event.type === "put") {
      this.#set.put(event.slice);
      this.#tellInvalid(event.slice);
    } else if (event.type === "remove") this.#set.remove(event.name);
    else if (event.type === "invalid") {
      this.#tellBad(`${sentence(textOf(event.error))} Its last state stays in use.`, event.error);
    }
  }

  /** At once if nothing goes away by it and the last time is not just over. */
  #showSoon(key: ServiceKey, sink: ResolutionSink): void {
    if (this.#settling !== null) return;
    const isEarly = this.#clock.now() - this.#toldMs < SETTLE_MS;
    if (!isEarly && this.#show(key, sink, true)) return;
    this.#settling = this.#clock.setTimer(SETTLE_MS, () => this.#show(key, sink));
  }

  /**
   * Tells what there is.
   *
   * @param onlyMore Whether not to do so if an endpoint that was told is gone.
   * @returns Whether it was told.
   */
  #show(key: ServiceKey, sink: ResolutionSink, onlyMore = false): boolean {
    if (this.#settling !== null) this.#clock.clearTimer(this.#settling);
    this.#settling = null;
    let found: readonly Endpoint[];
    try {
      found = this.#endpoints.of(this.#set, key);
    } catch (error) {
      this.#fail(this.#misfit, sink, error);
      return true;
    }
    const addresses = new Set(found.map(({ address }) => address));
    if (onlyMore && ![...this.#told ?? []].every((address) => addresses.has(address))) return false;
    this.#told = addresses;
    this.#toldMs = this.#clock.now();
    this.#failure = null;
    this.#misfit.clear();
    if (!this.#set.isEmpty) {
      this.#absence.clear();
      sink.set(found);
      return true;
    }
    this.#absence.warn(
      `There are no EndpointSlices of ${title(key)}, and so there are no endpoints. ` +
        "Check the names of the Service and its namespace.",
      { event: "resolver_failed", name: key.service },
    );
    sink.setMissing();
    return true;
  }

  /** Who asks for the first time is told the reason; nobody else is but the log. */
  #fail(problem: ProblemLog, sink: ResolutionSink, error: unknown): void {
    const { service: name } = this.#options;
    if (this.#told === null) this.#failure = error;
    else {
      problem.warn(
        `The endpoints of Service ${name} cannot be had at the moment; ` +
          `the last ${this.#told.size} stay in use: ${sentence(textOf(error))}`,
        {
          event: "resolver_failed",
          name,
          reason: textOf(error),
          code: isOwnError(error) ? error.code : undefined,
          error,
        },
      );
    }
    sink.fail(error);
  }

  #tellInvalid({ name, invalid }: EndpointSlice): void {
    if (invalid === 0) return;
    this.#tellBad(
      `EndpointSlice ${name} has ${
        counted(invalid, "endpoint")
      } without an address. The others are used.`,
    );
  }

  #tellBad(message: string, error?: unknown): void {
    const about = error === undefined ? {} : { reason: textOf(error), error };
    this.#badSlices.warn(message, {
      event: "endpoint_ignored",
      name: this.#options.service,
      ...about,
    });
  }
}
