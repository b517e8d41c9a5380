/**
 * A call that is also sent to a second replica if the first takes long.
 *
 * @module
 */

import { hasAborted } from "../../foreign/signal.ts";
import { InternodeError } from "../../errors.ts";
import { isOwnError } from "../../foreign/own_error.ts";
import type { Timer } from "../../runtime/clock.ts";
import type { Replica } from "../balancers/balancer.ts";
import type { ClientCore } from "./client_core.ts";
import { healthVerdict } from "../replicas/health_verdict.ts";
import type { HedgePolicy } from "../service/hedge_policy.ts";
import type { SingleMethod } from "../service/service.ts";
import type { Hedge } from "./hedge.ts";
import { ServiceCall } from "./service_call.ts";
import { withMaybeExecuted } from "./service_errors.ts";
import type { ServiceCallOptions } from "../service/service_call_options.ts";

/** If no other replica is ready, how often one is looked for at most, in milliseconds. */
const LEAST_LOOK_MS = 5;

/**
 * The first answer counts, whether it is a response or a handler's error; the
 * other attempts are then cancelled, and do not count against their replicas.
 * If an attempt ends without an answer, another one may still get one. Each
 * further attempt is paid for by the retry budget and goes to a replica that
 * has none of them yet. After "The Tail at Scale" (Dean and Barroso, 2013).
 */
export class HedgedCall<Request, Response> implements Hedge {
  /** See {@linkcode Hedge}. */
  readonly tried: Set<Replica> = new Set();

  readonly #core: ClientCore;
  readonly #method: SingleMethod<Request, Response>;
  readonly #request: Request;
  readonly #options: ServiceCallOptions;
  readonly #hedge: HedgePolicy;
  readonly #resolve: (response: Response) => void;
  readonly #reject: (error: unknown) => void;
  readonly #calls = new Set<ServiceCall<Request, Response>>();
  readonly #deadlineMs: number;
  #sent = 0;
  #attempts = 0;
  #timer: Timer | null = null;
  #isSettled = false;
  /** Whether the handler may have run in an attempt that has failed. */
  #maybeExecuted = false;

  constructor(
    core: ClientCore,
    method: SingleMethod<Request, Response>,
    request: Request,
    options: ServiceCallOptions,
    hedge: HedgePolicy,
    resolve: (response: Response) => void,
    reject: (error: unknown) => void,
  ) {
    this.#core = core;
    this.#method = method;
    this.#request = request;
    this.#options = options;
    this.#hedge = hedge;
    this.#resolve = resolve;
    this.#reject = reject;
    const { clock, defaultTimeoutMs } = core.options;
    this.#deadlineMs = clock.now() + (options.timeoutMs ?? defaultTimeoutMs);
  }

  /** Makes the first attempt. */
  start(): void {
    this.#send(this.#options);
  }

  /** See {@linkcode Hedge}. */
  get isCounted(): boolean {
    return this.#sent > 1;
  }

  /** See {@linkcode Hedge}. */
  has(replica: Replica): boolean {
    for (const call of this.#calls) if (call.replica === replica) return true;
    return false;
  }

  /** See {@linkcode Hedge}. */
  nextAttempt(): number {
    return ++this.#attempts;
  }

  #send(options: ServiceCallOptions): void {
    this.#sent++;
    const call: ServiceCall<Request, Response> = new ServiceCall(
      this.#core,
      this.#method,
      this.#request,
      options,
      (response) => {
        if (this.#isSettled) return;
        this.#settle(call);
        this.#resolve(response);
      },
      (error) => {
        this.#calls.delete(call);
        if (this.#isSettled) return;
        if (!hasNotRun(error)) this.#maybeExecuted = true;
        // Another attempt may still succeed.
        if (this.#calls.size > 0 && !isAnswer(error)) return;
        this.#settle(call);
        this.#reject(this.#maybeExecuted && !isAborted(options) ? withMaybeExecuted(error) : error);
      },
    );
    this.#calls.add(call);
    call.start(this);
    if (this.#isSettled || this.#sent >= this.#hedge.maxAttempts) return;
    this.#sendAnotherAfter(this.#hedge.delayMs);
  }

  #sendAnotherAfter(delayMs: number): void {
    this.#timer = this.#core.options.clock.setTimer(delayMs, () => {
      this.#timer = null;
      this.#sendAnother();
    });
  }

  #sendAnother(): void {
    const core = this.#core;
    const nowMs = core.options.clock.now();
    if (nowMs >= this.#deadlineMs) return;
    if (core.replicas.ready.every((replica) => this.tried.has(replica))) {
      return this.#sendAnotherAfter(Math.max(this.#hedge.delayMs, LEAST_LOOK_MS));
    }
    if (!core.retryBudget.tryRetry(nowMs)) return;
    core.figures.onHedge(this.#method.contract.name);
    this.#send({ ...this.#options, timeoutMs: this.#deadlineMs - nowMs });
  }

  #settle(winner: ServiceCall<Request, Response>): void {
    this.#isSettled = true;
    if (this.#timer !== null) this.#core.options.clock.clearTimer(this.#timer);
    this.#calls.delete(winner);
    winner.tellMetadata();
    if (this.#calls.size === 0) return;
    const { name } = this.#method.contract;
    const message = `${name}: another replica has answered this call.`;
    const error = new InternodeError("Cancelled", message, {
      origin: "local",
      outcome: "maybeExecuted",
      handler: name,
    });
    for (const call of this.#calls) call.giveUp(error);
  }
}

/** What any replica would say of the call; where there is no room, or no such handler, another one may have it. */
function isAnswer(error: unknown): boolean {
  return healthVerdict(error) === "answered" && isOwnError(error) &&
    error.code !== "Overloaded" && error.code !== "UnknownHandler";
}

function hasNotRun(error: unknown): boolean {
  return isOwnError(error) &&
    (error.outcome === "notSent" || error.outcome === "notExecuted");
}

/** The signal's reason is the caller's own. */
function isAborted({ signal }: ServiceCallOptions): boolean {
  return hasAborted(signal);
}
