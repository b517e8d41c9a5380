/**
 * A client of a service.
 *
 * @module
 */

import { checkCalled } from "../rpc/contract/call_options.ts";
import { raw } from "../codec/values/raw.ts";
import { InternodeError, invalidArgument } from "../errors.ts";
import { type CloseOptions, resolveGraceMs } from "../rpc/connecting/close_options.ts";
import type { ClientStats, ConnectionStats } from "../rpc/connecting/connection_stats.ts";
import type { CallTrace } from "../rpc/tracing/call_trace.ts";
import { tellGivenUp } from "../rpc/connecting/link_closing.ts";
import { enclosedOptions } from "../rpc/calling/enclosed_options.ts";
import { withArray } from "../rpc/calling/given_array.ts";
import { Stream } from "../rpc/calling/stream.ts";
import type { PeerIdentity } from "../transport/channel/peer_identity.ts";
import { QuietWait } from "../rpc/connecting/quiet_wait.ts";
import type { CallInFlight, CallsOptions } from "../rpc/contract/call_in_flight.ts";
import { type Inspectable, registerInspection } from "../rpc/inspection/inspectable.ts";
import type { ClientCore } from "./client/client_core.ts";
import { ClientInspection } from "./client/client_inspection.ts";
import { hedgeOf } from "./service/hedge_policy.ts";
import { HedgedCall } from "./client/hedged_call.ts";
import { MethodKey } from "./service/method_key.ts";
import type { ReplicaState } from "./replicas/replica_state.ts";
import type { ResolverWatch } from "../discovery/resolver/resolver_watch.ts";
import { ServiceCall } from "./client/service_call.ts";
import {
  NO_SERVICE_CALL_OPTIONS,
  type ServiceCallOptions,
} from "./service/service_call_options.ts";
import type { SingleMethod, StreamMethod } from "./service/service.ts";
import { ServiceStream } from "./client/service_stream.ts";
import { shown } from "../foreign/text_of.ts";

/** A snapshot of a replica. */
export interface ReplicaStatus {
  /** Its endpoint's address. */
  readonly address: string;
  /** The state of its connection. */
  readonly state: ReplicaState;
  /** How many calls it is serving. */
  readonly callsInFlight: number;
  /** How long its recent calls took, in milliseconds, as a moving average; `NaN` before the first. */
  readonly latencyMs: number;
  /** Whether it is set aside for a while because it kept failing. */
  readonly isSetAside: boolean;
  /** The identity that it has proven by its certificate, while it is connected; `undefined` otherwise, and without mutual TLS. */
  readonly identity: PeerIdentity | undefined;
  /** Why it has no connection, if that is known. */
  readonly lastFailure: unknown;
  /** Counters of the connections to it; reading them has a cost, keeping them has none. */
  stats(): ConnectionStats;
}

/**
 * A client of one service: it keeps a connection to each replica. Made by
 * `connect`; typed calls go through `client`.
 */
export class ServiceConnection implements AsyncDisposable, Inspectable {
  readonly #core: ClientCore;
  readonly #watch: ResolverWatch;
  readonly #inspection: ClientInspection;
  readonly #rawMethods = new WeakMap<MethodKey, SingleMethod<Uint8Array, Uint8Array>>();
  #closed: Promise<void> | null = null;

  /** Made by `connect`. */
  constructor(core: ClientCore, watch: ResolverWatch) {
    this.#core = core;
    this.#watch = watch;
    this.#inspection = new ClientInspection(core, (options) => this.close(options));
    registerInspection(this, this.#inspection);
    this.#inspection.begin();
  }

  /** The replicas that the resolver lists, and those with calls that still run. */
  get replicas(): readonly ReplicaStatus[] {
    const nowMs = this.#core.options.clock.now();
    return this.#core.replicas.all.map((replica) => ({
      address: replica.endpoint.address,
      state: replica.state,
      callsInFlight: replica.callsInFlight,
      latencyMs: replica.latencyMs,
      isSetAside: replica.health.isSetAside(nowMs),
      identity: replica.current?.link.identity,
      stats: () => replica.stats(),
      lastFailure: replica.reconnector.lastFailure,
    }));
  }

  /** Counters over the connections to all replicas; reading them has a cost, keeping them has none. */
  stats(): ClientStats {
    const { runningCalls: _, ...stats } = this.#inspection.stats();
    return stats;
  }

  /**
   * Reports each attempt of each call when it has ended: the replica, how long
   * it took, and how it ended. Costs nothing while there is no subscriber.
   *
   * @param subscriber Called with each; it must not throw.
   * @returns A function that stops the callbacks.
   */
  trace(subscriber: (call: CallTrace) => void): () => void {
    return this.#core.traces.subscribe(subscriber);
  }

  /**
   * The calls that have not ended, the oldest first, each with its replica and
   * attempt. Nothing is kept for it: it costs what it takes to ask.
   *
   * @param options Which, and how many.
   * @throws {InternodeError} `InvalidArgument`, naming the option that is wrong.
   */
  calls(options: CallsOptions = {}): readonly CallInFlight[] {
    return this.#inspection.calls(options);
  }

  /**
   * Calls a method by its key, with bytes in and out.
   *
   * While no replica can be picked, the call waits, and fails with
   * `Unreachable` at its deadline. Arguments of more than 8 KiB must not be
   * changed until the call ends.
   *
   * @param key From `makeMethodKey`.
   * @param args What the handler gets.
   * @param options Shard key, balancer, time-out, signal, retries, metadata.
   * @returns What the handler returned. Rejects with the signal's reason when that aborts, otherwise with an `InternodeError`.
   */
  call(
    key: MethodKey,
    args: Uint8Array,
    options: ServiceCallOptions = NO_SERVICE_CALL_OPTIONS,
  ): Promise<Uint8Array> {
    let method = this.#rawMethods.get(key);
    if (method === undefined) {
      if (!(key instanceof MethodKey)) {
        throw invalidArgument(`The key of a call must come from makeMethodKey, not ${shown(key)}.`);
      }
      method = rawMethod(key);
      this.#rawMethods.set(key, method);
    }
    return this.request(method, args, options);
  }

  /**
   * Calls a method of a service; the functions of `client` use it for single
   * methods.
   *
   * @param method The method, from a service's `methods`.
   * @param request What the handler gets.
   * @param options Shard key, balancer, time-out, signal, retries, metadata.
   * @returns The response; see {@linkcode ServiceConnection.call}.
   */
  request<Request, Response>(
    method: SingleMethod<Request, Response>,
    request: NoInfer<Request>,
    options: ServiceCallOptions = NO_SERVICE_CALL_OPTIONS,
  ): Promise<Response> {
    // So short that V8 makes no function of it, and no memory for one.
    return new Promise((resolve, reject) => {
      this.#start(method, request, options, resolve, reject);
    });
  }

  #start<Request, Response>(
    method: SingleMethod<Request, Response>,
    request: Request,
    options: ServiceCallOptions,
    resolve: (response: Response) => void,
    reject: (error: unknown) => void,
  ): void {
    checkCalled(method, "single", options);
    const core = this.#core;
    const isPlain = options === NO_SERVICE_CALL_OPTIONS ||
      options.into === undefined && options.hedge === undefined && options.within === undefined;
    if (isPlain && core.options.hedge === null) {
      new ServiceCall(core, method, request, options, resolve, reject).start(null);
    } else this.#startWith(method, request, options, resolve, reject);
  }

  /** A request that may be hedged, is made within another call, or whose response goes into an array of the caller's. */
  #startWith<Request, Response>(
    method: SingleMethod<Request, Response>,
    request: Request,
    given: ServiceCallOptions,
    resolve: (response: Response) => void,
    reject: (error: unknown) => void,
  ): void {
    const core = this.#core, options = enclosed(core, given, core.options.defaultTimeoutMs);
    const { into } = options;
    const { contract } = method;
    const called = into === undefined || contract.response.raw !== true
      ? method
      : { ...method, contract: withArray(contract, into) };
    const hedge = hedgeOf(method, options, core.options.hedge);
    if (hedge === null) {
      new ServiceCall(core, called, request, options, resolve, reject).start(null);
    } else {
      new HedgedCall(core, called, request, options, hedge, resolve, reject).start();
    }
  }

  /**
   * Opens a stream of a method; the functions of `client` use it for streaming
   * methods. The stream stays with its replica and is not retried.
   *
   * @param method The method, from a service's `methods`.
   * @param initial What the handler gets with the opening.
   * @param given Shard key, balancer, time-out (for the whole stream; default: none), signal, metadata.
   * @returns The stream; a failure to open shows when it is used.
   */
  stream<Initial, Input, Output>(
    method: StreamMethod<Initial, Input, Output>,
    initial: NoInfer<Initial>,
    given: ServiceCallOptions = NO_SERVICE_CALL_OPTIONS,
  ): Stream<Input, Output> {
    checkCalled(method, "stream", given);
    const options = enclosed(this.#core, given, Infinity);
    const call = new ServiceStream(this.#core, method, initial, options);
    call.start();
    return new Stream<Input, Output>(call, () => call.beginTurn());
  }

  /**
   * Closes the client: waiting calls end at once, running calls may finish
   * within the grace time, then the connections are closed. Later calls fail
   * with `Closed`. Further calls of `close` wait for the same end.
   *
   * @param options The grace time.
   * @returns Resolves when everything of the client is closed. Rejects with `InvalidArgument`, and closes nothing, for a grace time out of range.
   */
  // deno-lint-ignore require-await -- what is thrown becomes the rejection
  async close(options: CloseOptions = {}): Promise<void> {
    const graceMs = resolveGraceMs(options);
    return this.#closed ??= this.#close(graceMs);
  }

  /** Closes the client with the default grace time. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(graceMs: number): Promise<void> {
    const core = this.#core;
    const { replicas } = core;
    const { clock, logger, name } = core.options;
    core.isClosing = true;
    const error = new InternodeError("Closed", "The client is closing.", {
      origin: "local",
      outcome: "maybeExecuted",
    });
    this.#watch.close(error);
    replicas.waiting.fail("closed");
    const wait = new QuietWait(clock, graceMs, [], () => replicas.callsInFlight > 0 ? Infinity : 0);
    replicas.onIdle = wait.look;
    if (!await wait.ended) tellGivenUp(logger, `Client ${name}`, graceMs, replicas.links, 0);
    replicas.close(error);
    const gone = new QuietWait(clock, Infinity, [], () => replicas.isGone ? 0 : Infinity);
    replicas.onGone = gone.look;
    await gone.ended;
    core.chain?.close(error);
    this.#inspection.close();
  }
}

/** The options with what a call takes over from the one around it, if there is one. */
function enclosed(
  { options: { clock } }: ClientCore,
  given: ServiceCallOptions,
  defaultTimeoutMs: number,
): ServiceCallOptions {
  const { within } = given;
  return within === undefined ? given : enclosedOptions(given, within, clock, defaultTimeoutMs);
}

function rawMethod(key: MethodKey): SingleMethod<Uint8Array, Uint8Array> {
  return {
    kind: "single",
    key,
    contract: {
      kind: "single",
      name: key.name,
      request: raw(),
      response: raw(),
      detail: undefined,
    },
    idempotent: false,
  };
}
