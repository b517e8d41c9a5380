/**
 * A single request without a response yet.
 *
 * @module
 */

import { InternodeError } from "../../errors.ts";
import { isOwnError } from "../../foreign/own_error.ts";
import { hasAborted, leaveSignal, listenTo, reasonOf } from "../../foreign/signal.ts";
import type { OutgoingCall } from "../../session/sending/outgoing_call_table.ts";
import { type CallTime, UNLIMITED_TIME } from "../../session/frames/call_time.ts";
import type { ByteReader } from "../../wire/byte_reader.ts";
import { callFailure } from "./call_failure.ts";
import { type CallTraces, traceCode } from "../tracing/call_trace.ts";
import { startClientSpan } from "../tracing/client_span.ts";
import type { SingleContract } from "../contract/contract.ts";
import { decodePayload, invalidPayload } from "../contract/payload.ts";
import type { Span, Tracer } from "../contract/tracer.ts";

/** What a pending call needs of its connection. */
export interface CallDelegate {
  /** The peer's address; empty while it is not known. */
  readonly host: string;
  /** Receives ended calls. */
  readonly traces: CallTraces;
  /** Begins the spans of calls; `null` without a tracer. */
  readonly spans: Tracer | null;
  /** The monotonic time in milliseconds. */
  now(): number;
  /** Ends the call with the reason of its signal. */
  abort(call: OutgoingCall, reason: unknown): void;
}

/** The signal, span and trace of a call, if it has any. */
interface Watch {
  /** Ends the call when it aborts; `null` if there is none. */
  signal: AbortSignal | null;
  /** The call's span; `null` without a tracer. */
  readonly span: Span | null;
  /** When the call began; -1 if nobody subscribes to ended calls. */
  readonly startMs: number;
  readonly subroute: string;
}

/**
 * A promise of a response, for both faces. It declares the fields of a
 * session's call itself: inheriting them would make each request 20 ns slower.
 */
export class PendingRequest<Request, Response> implements OutgoingCall {
  /** See {@linkcode OutgoingCall}. */
  id = -1;
  /** See {@linkcode OutgoingCall}. */
  handler = -1;
  /** See {@linkcode OutgoingCall}. */
  state: OutgoingCall["state"] = "idle";
  /** See {@linkcode OutgoingCall}. */
  time: CallTime = UNLIMITED_TIME;
  readonly #contract: SingleContract<Request, Response>;
  readonly #delegate: CallDelegate;
  readonly #resolve: (response: Response) => void;
  readonly #reject: (error: unknown) => void;
  /** An object of its own, because few calls have one and thousands of calls may be in flight. */
  #watch: Watch | null;

  constructor(
    contract: SingleContract<Request, Response>,
    delegate: CallDelegate,
    subroute: string | undefined,
    resolve: (response: Response) => void,
    reject: (error: unknown) => void,
  ) {
    this.#contract = contract;
    this.#delegate = delegate;
    this.#resolve = resolve;
    this.#reject = reject;
    const { traces, spans } = delegate;
    this.#watch = traces.active || spans !== null
      ? watchOf(contract.name, delegate, subroute)
      : null;
  }

  /** See {@linkcode OutgoingCall}. */
  get deadlineMs(): number {
    return this.time.deadlineMs;
  }

  /** The call's span; `null` without a tracer. */
  get span(): Span | null {
    return this.#watch === null ? null : this.#watch.span;
  }

  /** Ends the call when the signal aborts. */
  watch(signal: AbortSignal): void {
    this.#watch ??= { signal: null, span: null, startMs: -1, subroute: "" };
    this.#watch.signal = signal;
    listenTo(signal, this, (thrown) => this.giveUp(thrown));
    // A getter of the request, or a balancer, may have aborted it already.
    if (hasAborted(signal)) this.handleEvent();
  }

  /** The signal has aborted. */
  handleEvent(): void {
    this.giveUp(reasonOf(this.#watch?.signal));
  }

  /** Ends the call from this side, wherever it is. */
  giveUp(reason: unknown): void {
    this.#delegate.abort(this, reason);
  }

  /** Nobody asks. */
  onTransmitted(): void {}

  /** The answer. */
  onResponse(kind: number, reader: ByteReader): void {
    let response: Response;
    try {
      response = decodePayload(this.#contract.response, kind, reader);
    } catch (error) {
      const cause = invalidPayload(error);
      const problem = new InternodeError(
        cause.code,
        `The response cannot be read: ${cause.message}`,
        {
          origin: isOwnError(error) ? error.origin : "remote",
          outcome: "executed",
          cause,
        },
      );
      this.onError(problem, null);
      return;
    }
    this.succeed(response);
  }

  /** Ends well. */
  succeed(response: Response): void {
    if (this.#watch !== null) this.#finish(this.#watch, undefined);
    this.#resolve(response);
  }

  /** The failure. */
  onError(error: unknown, detail: ByteReader | null): void {
    const signal = this.#watch === null ? null : this.#watch.signal;
    // What a signal gives as its reason is the caller's own, even where it looks like an error of ours.
    if (signal !== null && hasAborted(signal) && error === reasonOf(signal)) this.fail(error);
    else this.fail(callFailure(error, this.#delegate.host, this.#contract, detail));
  }

  /** Fails with just this. */
  fail(failure: unknown): void {
    if (this.#watch !== null) this.#finish(this.#watch, failure);
    this.#reject(failure);
  }

  /** @param failure `undefined`: it went well. */
  #finish(watch: Watch, failure: unknown): void {
    leaveSignal(watch.signal, this);
    watch.signal = null;
    watch.span?.end(failure);
    if (watch.startMs >= 0 && this.#delegate.traces.active) this.trace(watch.startMs, failure);
  }

  /**
   * Tells of the call, or of an attempt of it, that has ended. Only if somebody wants to know.
   *
   * @param failure `undefined`: it went well.
   * @param host Who had it.
   * @param attempt Which one it was; 0: nobody had the call.
   */
  trace(startMs: number, failure: unknown, host: string = this.#delegate.host, attempt = 1): void {
    this.#delegate.traces.emit({
      direction: "outgoing",
      kind: "single",
      handler: this.#contract.name,
      subroute: this.#watch?.subroute ?? "",
      host,
      attempt,
      durationMs: this.#delegate.now() - startMs,
      error: traceCode(failure),
    });
  }
}

function watchOf(name: string, delegate: CallDelegate, subroute = ""): Watch {
  const { traces, spans, host } = delegate;
  return {
    signal: null,
    span: spans === null ? null : startClientSpan(spans, name, host, subroute),
    startMs: traces.active ? delegate.now() : -1,
    subroute,
  };
}
