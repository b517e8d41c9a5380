/**
 * One call on its way through the interceptors of its caller.
 *
 * @module
 */

import { type ErrorOutcome, InternodeError } from "../../errors.ts";
import { isOwnError } from "../../foreign/own_error.ts";
import { leaveSignal, listenTo, reasonOf } from "../../foreign/signal.ts";
import { NO_METADATA } from "../../session/frames/metadata.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { AnyContract } from "../contract/contract.ts";
import { copyOfValues } from "../contract/context_values.ts";
import type { CallOptions } from "../contract/call_options.ts";
import type { CallResult, ClientCall, ClientCallBase } from "../contract/interceptor.ts";
import type { InterceptedRun } from "./interceptor_chain.ts";
import type { OpenRun, OpenRuns } from "./open_runs.ts";

/** The options of a call that interceptors may change. */
export type ChangeableOptions = Pick<
  CallOptions,
  | "metadata"
  | "onHeaders"
  | "onTrailers"
  | "priority"
  | "signal"
  | "timeoutMs"
  | "values"
  | "within"
>;

/** A call before its interceptors have seen it. */
export interface PlacedCall<Contract extends AnyContract, Options extends ChangeableOptions> {
  /** What is called. */
  readonly contract: Contract;
  /** The peer; empty if it is not known yet. */
  readonly host: string;
  /** The subroute. */
  readonly subroute: string;
  /** What the caller has given. */
  readonly options: Options;
  /** How long it may take. */
  readonly timeoutMs: number;
}

const RANKS: readonly ErrorOutcome[] = ["notSent", "notExecuted", "maybeExecuted", "executed"];

/** What requests and streams have in common. */
export abstract class ClientRun<
  Contract extends AnyContract,
  Options extends ChangeableOptions,
> implements InterceptedRun<ClientCall>, OpenRun {
  /** See {@linkcode OpenRun}. */
  readonly deadlineMs: number;
  /** See {@linkcode OpenRun}. */
  place = -1;
  protected readonly placed: PlacedCall<Contract, Options>;
  protected readonly runs: OpenRuns;
  /** How the call has ended for its caller; `null`: it has not. */
  protected ended: { readonly error: unknown } | null = null;
  #outcome: ErrorOutcome = "notSent";

  constructor(placed: PlacedCall<Contract, Options>, runs: OpenRuns) {
    this.placed = placed;
    this.runs = runs;
    this.deadlineMs = runs.clock.now() + placed.timeoutMs;
  }

  /** See {@linkcode InterceptedRun}. */
  get clock(): Clock {
    return this.runs.clock;
  }

  /** See {@linkcode InterceptedRun}. */
  abstract proceed(call: ClientCall): Promise<CallResult>;
  /** See {@linkcode OpenRun}. */
  abstract onLate(): void;
  /** See {@linkcode OpenRun}. */
  abstract fail(error: unknown): void;

  /** Begins to watch time and signal. */
  protected open(): void {
    this.runs.add(this);
    const { signal } = this.placed.options;
    if (signal !== undefined && this.ended === null) {
      listenTo(signal, this, (thrown) => this.fail(thrown));
    }
  }

  /** The signal has aborted. */
  handleEvent(): void {
    this.fail(reasonOf(this.placed.options.signal));
  }

  /** The call has ended; `undefined`: well. Returns whether it had not yet. */
  protected end(error: unknown): boolean {
    if (this.ended !== null) return false;
    this.ended = { error };
    this.runs.remove(this);
    leaveSignal(this.placed.options.signal, this);
    return true;
  }

  /** What all calls show. */
  protected get shown(): ClientCallBase {
    const { contract, host, subroute, options, timeoutMs } = this.placed;
    const { metadata = NO_METADATA, signal, priority = "normal" } = options;
    const values = copyOfValues(options.values), side = "client";
    const given = { metadata, values, timeoutMs, signal, priority, options };
    return { side, contract, host, subroute, ...given };
  }

  /** What is really called with: the caller's options, with what interceptors may change. */
  protected optionsOf({ metadata, signal, timeoutMs, priority }: ClientCall): Options {
    // One that is no number is refused with the call.
    const left = Math.min(timeoutMs, this.deadlineMs - this.runs.clock.now());
    const { options } = this.placed;
    const carried = metadata === NO_METADATA ? undefined : metadata;
    return {
      ...options,
      metadata: carried,
      signal,
      priority,
      timeoutMs: typeof timeoutMs === "number" ? left : timeoutMs,
    };
  }

  /** A part of the call has begun, or has ended so. */
  protected note(outcome: ErrorOutcome): void {
    if (RANKS.indexOf(outcome) > RANKS.indexOf(this.#outcome)) this.#outcome = outcome;
  }

  /** A part of the call has failed. */
  protected noteFailure(error: unknown): void {
    this.note(isOwnError(error) ? error.outcome : "maybeExecuted");
  }

  /** The error of a call whose interceptors have taken too long. */
  protected lateError(isUnderWay: boolean): InternodeError {
    const { timeoutMs } = this.placed;
    return this.error(
      "DeadlineExceeded",
      `the call's time (${timeoutMs} ms) ran out in its interceptors`,
      isUnderWay ? "maybeExecuted" : this.#outcome,
    );
  }

  /** See {@linkcode InterceptedRun}. */
  misuse(what: string): InternodeError {
    return this.error("InvalidArgument", `an interceptor ${what}`, this.#outcome);
  }

  protected error(
    code: "DeadlineExceeded" | "InvalidArgument" | "Cancelled" | "Closed",
    what: string,
    outcome: ErrorOutcome,
  ): InternodeError {
    const { contract: { name: handler }, host } = this.placed;
    const where = host === "" ? handler : `${handler} on ${host}`;
    return new InternodeError(code, `${where}: ${what}.`, {
      origin: "caller",
      outcome,
      host: host === "" ? undefined : host,
      handler,
    });
  }
}
