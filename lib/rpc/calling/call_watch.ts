/**
 * The signal, span and trace of a single request.
 *
 * @module
 */

import { hasAborted, leaveSignal, listenTo, reasonOf } from "../../foreign/signal.ts";
import type { Span } from "../contract/tracer.ts";
import { traceCode } from "../tracing/call_trace.ts";
import { endClientSpan, startClientSpan } from "../tracing/client_span.ts";
import { attemptAttributes } from "../tracing/span_attributes.ts";
import type { AnswerCallbacks } from "./answer_callbacks.ts";
import type { CallDelegate } from "./call_delegate.ts";

/** A call that a signal can end. */
interface WatchedCall {
  /** The signal has aborted. */
  handleEvent(): void;
  /** Ends the call from this side, wherever it is. */
  giveUp(reason: unknown): void;
}

/** The signal, span and trace of a call, if it has any. */
export class CallWatch {
  /** The call's span; `null` without a tracer. */
  readonly span: Span | null;
  /** When the call began; -1 if nobody subscribes to ended calls. */
  readonly startMs: number;
  /** The name below the contract's. */
  readonly subroute: string;
  /** Who is told the metadata of the answer; `null` if nobody is. */
  callbacks: AnswerCallbacks | null = null;
  #signal: AbortSignal | null = null;

  constructor(span: Span | null = null, startMs = -1, subroute = "") {
    this.span = span;
    this.startMs = startMs;
    this.subroute = subroute;
  }

  /** The span of a call that goes to a replica now; `null` without a tracer. */
  spanTo(replica: string, attempt: number): Span | null {
    this.span?.set?.(attemptAttributes(replica, attempt));
    return this.span;
  }

  /** Why the signal has aborted. */
  get reason(): unknown {
    return reasonOf(this.#signal);
  }

  /** Ends the call when the signal aborts. */
  listen(signal: AbortSignal, call: WatchedCall): void {
    this.#signal = signal;
    listenTo(signal, call, (thrown) => call.giveUp(thrown));
    // A getter of the request, or a balancer, may have aborted it already.
    if (hasAborted(signal)) call.handleEvent();
  }

  /** Whether the signal has aborted and this is its reason: the caller's own, even where it looks like an error of ours. */
  isReason(error: unknown): boolean {
    const signal = this.#signal;
    return signal !== null && hasAborted(signal) && error === reasonOf(signal);
  }

  /**
   * The call has ended.
   *
   * @param failure `undefined`: it went well.
   */
  end(call: WatchedCall, failure: unknown): void {
    leaveSignal(this.#signal, call);
    this.#signal = null;
    if (this.span !== null) endClientSpan(this.span, failure);
  }
}

/** The watch of a call that begins; `null`: nobody traces. */
export function watchOf(
  delegate: CallDelegate,
  handler: string,
  subroute: string = "",
): CallWatch | null {
  const { traces, spans, host } = delegate;
  if (spans === null && !traces.active) return null;
  const span = spans === null ? null : startClientSpan(spans, handler, host, subroute);
  return new CallWatch(span, traces.active ? delegate.now() : -1, subroute);
}

/**
 * Tells of a single request, or of an attempt of it, that has ended.
 *
 * @param handler The contract's name.
 * @param startMs When it began.
 * @param failure `undefined`: it went well.
 * @param host Who had it.
 * @param attempt Which one it was; 0: nobody had the call.
 */
export function traceRequest(
  delegate: CallDelegate,
  handler: string,
  subroute: string,
  startMs: number,
  failure: unknown,
  host: string,
  attempt: number,
): void {
  const durationMs = delegate.now() - startMs, error = traceCode(failure);
  const direction = "outgoing", kind = "single";
  delegate.traces.emit({ direction, kind, handler, subroute, host, attempt, durationMs, error });
}
