/**
 * A call of a service's method that has not ended.
 *
 * @module
 */

import type { InternodeError } from "../../errors.ts";
import { isOwnError } from "../../foreign/own_error.ts";
import { rankOf } from "../../rpc/contract/call_options.ts";
import { hasCallbacks } from "../../rpc/calling/answer_callbacks.ts";
import { callFailure } from "../../rpc/calling/call_failure.ts";
import type { CallFacts, KnownCall } from "../../rpc/calling/call_facts.ts";
import { CallWatch, traceRequest, watchOf } from "../../rpc/calling/call_watch.ts";
import { countFailed, countOutcome } from "../../rpc/metering/count_outcome.ts";
import { takeResponse } from "../../rpc/calling/pending_request.ts";
import type { Unsent, WaitingCall } from "../../rpc/calling/waiting_calls.ts";
import { withTraceContext } from "../../rpc/tracing/client_span.ts";
import { CallTime, UNLIMITED_TIME } from "../../session/frames/call_time.ts";
import type { AnswerMetadata } from "../../session/frames/answer_metadata.ts";
import type { OutgoingCall } from "../../session/sending/outgoing_call_table.ts";
import type { ByteReader } from "../../wire/byte_reader.ts";
import type { PickOptions, Replica } from "../balancers/balancer.ts";
import { CallAttempts } from "./call_attempts.ts";
import { CallExtra } from "./call_extra.ts";
import { refusal } from "./call_refusal.ts";
import type { ClientCore } from "./client_core.ts";
import type { OpenLink } from "../replicas/service_replica.ts";
import { healthVerdict } from "../replicas/health_verdict.ts";
import type { Hedge } from "./hedge.ts";
import { maxAttemptsOf } from "../service/retry_options.ts";
import type { SingleMethod } from "../service/service.ts";
import {
  NO_SERVICE_CALL_OPTIONS,
  type ServiceCallOptions,
} from "../service/service_call_options.ts";
import { unsentError, withMaybeExecuted } from "./service_errors.ts";

/**
 * A promise of a response: picks a replica, waits if there is none, and retries
 * after failures that allow it. It is its own attempt, because most calls have
 * only one.
 *
 * ```text
 *      +------ no replica, or a back-off ------+
 *      v                                       |
 *   waiting ----> in the session of a replica -+--> ended
 *      |                                            ^
 *      +-- given up, too late, or client closed ----+
 * ```
 *
 * It declares all its fields, like `PendingRequest`: inheriting them would cost
 * each call 10 ns.
 */
export class ServiceCall<Request, Response> implements KnownCall, WaitingCall {
  /** See {@linkcode OutgoingCall}. */
  id = -1;
  /** See {@linkcode OutgoingCall}. */
  handler = -1;
  /** See {@linkcode OutgoingCall}. */
  state: OutgoingCall["state"] = "idle";
  /** See {@linkcode OutgoingCall}. */
  time: CallTime = UNLIMITED_TIME;
  /** See {@linkcode OutgoingCall}. */
  priority = 0;
  readonly #core: ClientCore;
  readonly #method: SingleMethod<Request, Response>;
  readonly #request: Request;
  readonly #options: ServiceCallOptions;
  readonly #resolve: (response: Response) => void;
  readonly #reject: (error: unknown) => void;
  #carrier: OpenLink | null = null;
  #extra: CallExtra | null = null;

  constructor(
    core: ClientCore,
    method: SingleMethod<Request, Response>,
    request: Request,
    options: ServiceCallOptions,
    resolve: (response: Response) => void,
    reject: (error: unknown) => void,
  ) {
    this.#core = core;
    this.#method = method;
    this.#request = request;
    this.#options = options;
    this.#resolve = resolve;
    this.#reject = reject;
    const { traces, spans } = core;
    if (traces.active || spans !== null) this.#more().watch = watchOf(core, method.contract.name);
  }

  /** See {@linkcode OutgoingCall}. */
  get deadlineMs(): number {
    return this.time.deadlineMs;
  }

  /**
   * Makes the call.
   *
   * @param hedge The hedge that it is part of; `null` if there is none.
   */
  start(hedge: Hedge | null): void {
    const core = this.#core, options = this.#options;
    const { signal, timeoutMs = core.options.defaultTimeoutMs } = options;
    if (options !== NO_SERVICE_CALL_OPTIONS || core.isClosing) {
      const failure = refusal(core, this.#method, options, timeoutMs);
      if (failure !== undefined) return this.#refuse(failure.error);
      this.priority = rankOf(options.priority);
    }
    const isCounted = hedge !== null && hedge.isCounted;
    if (hedge !== null) this.#join(hedge);
    const carrier = this.#pick();
    if (carrier !== null) {
      const nowMs = carrier.link.beginCall(this, timeoutMs);
      if (!isCounted) core.retryBudget.onCall(nowMs);
      this.#send(carrier, nowMs);
    } else if (this.state !== "ended") {
      this.#wait(timeoutMs, isCounted);
    }
    if (signal !== undefined && this.state !== "ended") {
      (this.#more().watch ??= new CallWatch()).listen(signal, this);
    }
  }

  #join(hedge: Hedge): void {
    const extra = this.#more();
    extra.hedge = hedge;
    extra.attempts = new CallAttempts(hedge.tried);
    extra.attempt = hedge.nextAttempt();
  }

  #wait(timeoutMs: number, isCounted: boolean): void {
    const core = this.#core, nowMs = core.now();
    this.time = new CallTime(nowMs, timeoutMs);
    if (!isCounted) core.retryBudget.onCall(nowMs);
    core.replicas.wait(this, this);
  }

  /** When the current attempt was sent. */
  get #sentMs(): number {
    const extra = this.#extra;
    return extra === null || extra.sentMs < 0 ? this.time.madeMs : extra.sentMs;
  }

  /** The replica that has the call now; `null` if none has. */
  get replica(): Replica | null {
    return this.#carrier === null ? null : this.#carrier.replica;
  }

  /** See {@linkcode KnownCall}. */
  get facts(): CallFacts {
    const { contract } = this.#method, extra = this.#extra;
    const backsOff = extra !== null && extra.timer !== null;
    return { contract, subroute: "", attempt: extra?.attempt ?? 1, backsOff };
  }

  /** The signal has aborted. */
  handleEvent(): void {
    this.giveUp(this.#extra?.watch?.reason);
  }

  /** Ends the call from this side, in any state; it does not count against a replica. */
  giveUp(reason: unknown): void {
    if (this.state === "ended" || this.state === "abandoned") return;
    this.#more().isGivenUp = true;
    const carrier = this.#carrier;
    if (carrier === null) {
      if (!this.#core.replicas.waiting.cancel(this, reason)) this.#failUnsent(reason);
      return;
    }
    const nowMs = carrier.link.beginTurn();
    carrier.link.session.outgoing.cancel(this, reason, "Cancelled", nowMs);
  }

  /** See {@linkcode WaitingCall}. */
  get waitForReady(): boolean {
    return this.#options.waitForReady !== false;
  }

  /** See {@linkcode WaitingCall}. */
  tryAgain(): boolean {
    if (this.#extra !== null && this.#extra.timer !== null) return false;
    const carrier = this.#pick();
    // A balancer may have aborted the call's signal.
    const isWanted = carrier !== null && this.state === "waiting";
    if (isWanted && this.#mayGo(carrier)) this.#send(carrier, carrier.link.beginTurn());
    // Sending may have failed at once, so that it waits for another attempt.
    return this.#carrier !== null || this.state === "ended";
  }

  /** See {@linkcode WaitingCall}. */
  failureOf(why: Unsent): InternodeError {
    return unsentError(why, this.#method.contract.name, this.#core.replicas);
  }

  /** Nobody asks. */
  onTransmitted(): void {}

  /** What came with the answer, which may not be the last one. */
  onMetadata(metadata: AnswerMetadata): void {
    if (hasCallbacks(this.#options)) this.#more().metadata = metadata;
  }

  /** Tells what came with the answer that the caller gets. */
  tellMetadata(): void {
    const extra = this.#extra;
    if (extra === null || extra.metadata === null || extra.isGivenUp) return;
    this.#core.answers.tell(this.#options, extra.metadata);
  }

  /** The answer. */
  onResponse(kind: number, reader: ByteReader): void {
    takeResponse(this, this.#method.contract.response, kind, reader);
  }

  /** Ends well. */
  succeed(response: Response): void {
    const carrier = this.#carrier!, core = this.#core;
    this.#carrier = null;
    carrier.end();
    const { replica } = carrier, tookMs = carrier.link.beginTurn() - this.#sentMs;
    replica.onAnswered(tookMs);
    if (core.figures.active) replica.figuresOf(this.#method.contract).succeed(tookMs);
    if (core.traces.active) this.#traceAttempt(carrier, undefined);
    if (this.#extra !== null) this.#finish(this.#extra, undefined);
    this.#resolve(response);
  }

  /** The attempt has failed, or there was none. */
  onError(error: unknown, detail: ByteReader | null): void {
    const carrier = this.#carrier;
    if (carrier === null) return this.#failUnsent(error);
    const { replica } = carrier;
    this.#carrier = null;
    carrier.end();
    if (this.#extra?.isGivenUp === true) {
      this.#tellAttempt(carrier, error);
      return this.#fail(error);
    }
    const failure = callFailure(error, replica.endpoint.address, this.#method.contract, detail);
    this.#core.replicas.onVerdict(replica, healthVerdict(failure));
    this.#tellAttempt(carrier, failure);
    if (isOwnError(failure) && this.#retry(failure, carrier)) return;
    this.#fail(failure);
  }

  /** An attempt has failed. */
  #tellAttempt(carrier: OpenLink, failure: unknown): void {
    const core = this.#core, { contract } = this.#method;
    if (core.figures.active) {
      countOutcome(carrier.replica.figuresOf(contract), failure, core.now() - this.#sentMs);
    }
    if (core.traces.active) this.#traceAttempt(carrier, failure);
  }

  /** It ends before a replica has had it, or has had it again. */
  #failUnsent(error: unknown): void {
    const core = this.#core;
    if (core.figures.active) countFailed(core, this.#method.contract, this.time, error);
    this.#fail(error);
  }

  #traceAttempt({ replica }: OpenLink, failure: unknown): void {
    const extra = this.#more();
    this.#trace(this.#sentMs, failure, replica.endpoint.address, extra.attempt);
    extra.isTraced = true;
  }

  #trace(startMs: number, failure: unknown, host: string, attempt: number): void {
    traceRequest(this.#core, this.#method.contract.name, "", startMs, failure, host, attempt);
  }

  /** Chooses a replica; `null`: there is none now, or the call has failed. */
  #pick(): OpenLink | null {
    const core = this.#core, options = this.#options, extra = this.#extra;
    try {
      const isPlain = extra === null && options.shardKey === undefined;
      const pick = isPlain ? core.plainPick : this.#pickOptions();
      const carrier = core.replicas.pick(options.balancer ?? core.options.balancer, pick);
      if (carrier === null || extra === null) return carrier;
      // A balancer that insists on a replica that is at it already is asked again later.
      return extra.hedge?.has(carrier.replica) === true ? null : carrier;
    } catch (error) {
      this.#refuse(error);
      return null;
    }
  }

  #pickOptions(): PickOptions {
    const { plainPick, replicas } = this.#core, { shardKey } = this.#options;
    const tried = this.#extra?.attempts?.tried;
    const hasTried = tried !== undefined && tried.size > 0;
    if (shardKey === undefined && !hasTried) return plainPick;
    const avoided = hasTried ? replicas.withSiblings(tried) : null;
    return { shardKey, tried: avoided, random: plainPick.random };
  }

  /** It has come to no replica. */
  #refuse(error: unknown): void {
    this.#failUnsent(callFailure(error, "", this.#method.contract, null));
  }

  #send(carrier: OpenLink, nowMs: number): void {
    const { key, contract } = this.#method, options = this.#options;
    this.#carrier = carrier;
    if (nowMs !== this.#sentMs) this.#more().sentMs = nowMs;
    const extra = this.#extra;
    if (extra !== null) {
      extra.hedge?.tried.add(carrier.replica);
      extra.metadata = null;
    }
    carrier.begin();
    try {
      const number = carrier.methodNumber(key, nowMs);
      const watch = extra === null ? null : extra.watch;
      const span = watch === null
        ? null
        : watch.spanTo(carrier.replica.endpoint.address, extra!.attempt);
      const metadata = withTraceContext(options.metadata, span);
      const { outgoing } = carrier.link.session;
      outgoing.request(this, number, contract.request, this.#request, metadata, nowMs);
      const { spinUs = this.#core.options.spinUs } = options;
      if (spinUs > 0) carrier.link.spinFor(this, spinUs);
    } catch (error) {
      this.state = "ended";
      this.onError(error, null);
    }
  }

  /** Returns whether there will be another attempt. */
  #retry(failure: InternodeError, failed: OpenLink): boolean {
    const core = this.#core, options = this.#options;
    const maxAttempts = maxAttemptsOf(options.retry, core.options.maxAttempts);
    if (maxAttempts === 0 || core.isClosing) return false;
    const extra = this.#more();
    const attempts = extra.attempts ??= new CallAttempts(new Set());
    const isIdempotent = options.idempotent ?? this.#method.idempotent;
    const { plainPick: { random }, replicas, retryBudget: budget } = core;
    const bounds = { isIdempotent, maxAttempts, budget, random };
    // The call may have been made in this very turn.
    const nowMs = failed.link.now();
    const waitMs = attempts.onFailure(failure, failed.replica, replicas.ready, bounds, nowMs);
    if (waitMs === null || nowMs + waitMs >= this.deadlineMs) return false;
    extra.attempt = extra.hedge?.nextAttempt() ?? extra.attempt + 1;
    extra.isTraced = false;
    core.figures.onRetry(this.#method.contract.name);
    if (replicas.wait(this, this)) this.#tryAfter(waitMs);
    return true;
  }

  /** Whether the attempt may be made on this replica now; if not, it is put off or the call has failed. */
  #mayGo(carrier: OpenLink): boolean {
    const attempts = this.#extra?.attempts ?? null;
    if (attempts === null) return true;
    const waitMs = attempts.onPicked(carrier.replica, this.#core.plainPick.random);
    if (waitMs === 0) return true;
    const nowMs = this.#core.options.clock.now();
    if (waitMs === null || nowMs + waitMs >= this.deadlineMs) this.#failUnsent(attempts.failure);
    else this.#tryAfter(waitMs);
    return false;
  }

  #tryAfter(waitMs: number): void {
    const { options, replicas } = this.#core;
    const extra = this.#more();
    extra.timer = options.clock.setTimer(waitMs, () => {
      extra.timer = null;
      if (this.tryAgain()) replicas.waiting.remove(this);
    });
  }

  #fail(error: unknown): void {
    // One that was abandoned ends for its session when the replica has answered.
    if (this.state !== "abandoned") this.state = "ended";
    const extra = this.#extra;
    const failure = extra?.attempts?.maybeExecuted === true && !extra.isGivenUp
      ? withMaybeExecuted(error)
      : error;
    if (extra !== null) this.#finish(extra, failure);
    this.#reject(failure);
  }

  /** @param failure `undefined`: it went well. */
  #finish(extra: CallExtra, failure: unknown): void {
    const { timer, watch, isTraced } = extra, core = this.#core;
    if (timer !== null) core.options.clock.clearTimer(timer);
    if (extra.hedge === null) this.tellMetadata();
    if (watch === null) return;
    watch.end(this, failure);
    // The whole call is told of only if its last attempt has not been.
    if (watch.startMs < 0 || !core.traces.active || isTraced) return;
    this.#trace(watch.startMs, failure, "", 0);
  }

  #more(): CallExtra {
    return this.#extra ??= new CallExtra();
  }
}
