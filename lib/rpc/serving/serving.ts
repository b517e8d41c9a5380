/**
 * What handlers need of their node.
 *
 * @module
 */

import { HandlerError, InternodeError } from "../../errors.ts";
import { about, type EventLogger } from "../../foreign/log_event.ts";
import { isA, isOwnError } from "../../foreign/own_error.ts";
import { counted, nameOf, sentence, textOf } from "../../foreign/text_of.ts";
import type { Clock } from "../../runtime/clock.ts";
import { RepeatedLines } from "../../driver/repeated_lines.ts";
import { MAX_ERROR_DETAIL_BYTES } from "../../session/frames/wire_error.ts";
import { ByteWriter } from "../../wire/byte_writer.ts";
import { LendingPool } from "../../wire/lending_pool.ts";
import type { AuditTrail } from "../connecting/audit_trail.ts";
import type { CallSource } from "./call_source.ts";
import { CallTraces } from "../tracing/call_trace.ts";
import { ClosingSignals } from "./closing_signals.ts";
import type { AnyContract, SingleContract, StreamContract } from "../contract/contract.ts";
import type { SingleHandlerFunction, StreamHandlerFunction } from "../contract/handler.ts";
import type { Tracer } from "../contract/tracer.ts";
import { FaceFigures } from "../metering/face_figures.ts";
import type { GuardedMeter } from "../metering/guarded_meter.ts";
import { RefusedCall } from "./refused_call.ts";

/** What runs around handlers. */
export interface HandlerInterceptors {
  /** A handler of single requests, for the calls of one connection. */
  single<Request, Response>(
    contract: SingleContract<Request, Response>,
    handler: SingleHandlerFunction<Request, Response>,
    serving: Serving,
    source: CallSource,
  ): SingleHandlerFunction<Request, Response>;
  /** A handler of streams. */
  stream<Initial, Input, Output>(
    contract: StreamContract<Initial, Input, Output>,
    handler: StreamHandlerFunction<Initial, Input, Output>,
    serving: Serving,
    source: CallSource,
  ): StreamHandlerFunction<Initial, Input, Output>;
}

/** A call that has ended while its handler still runs. */
export interface AbandonedCall {
  /** What was called. */
  readonly called: { readonly name: string; readonly kind: "single" | "stream" };
  /** The subroute. */
  readonly subroute: string;
  /** Who has called. */
  readonly caller: string;
  /** When the caller's time runs out, on the node's monotonic clock; `Infinity` if never. */
  readonly deadlineMs: number;
}

/** What handlers need of their node. */
export interface Serving {
  /** The source of time. */
  readonly clock: Clock;
  /** How long handlers may run in one turn of the event loop, in microseconds. */
  readonly inlineHandlerUs: number;
  /** Receives ended calls. */
  readonly traces: CallTraces;
  /** Begins the spans of calls; `null` without a tracer. */
  readonly spans: Tracer | null;
  /** Counts calls, if anybody wants that. */
  readonly figures: FaceFigures;
  /** Receives refused calls; `null` without an audit. */
  readonly audit: AuditTrail | null;
  /** Run around handlers; `null` if there are none. */
  readonly interceptors: HandlerInterceptors | null;
  /** Logs failures of handlers. */
  readonly logger: EventLogger;
  /** Limits the logged refusals by rules: every peer could cause any number. */
  readonly refusals: RepeatedLines;
  /** The memory of requests that are lent to handlers. */
  readonly lending: LendingPool;
  /** How many handlers run now, including those whose callers are gone. */
  running: number;
  /** Called when one of them has ended; `null` for none. */
  onLeft: (() => void) | null;
  /** Notifies handlers that the node begins to close. */
  readonly closing: ClosingSignals;
  /** Those whose handlers run although they have ended, and when each has arrived. The limit `maxCalls` of running handlers bounds it. */
  readonly abandoned: Map<AbandonedCall, number>;
  /** The node or server, as its user has it; `null` before it is made. */
  face: object | null;
}

/** What the handlers of a node or server need, with nothing running yet. */
export function servingOf(
  { clock, inlineHandlerUs, tracer, meter, logger }: {
    readonly clock: Clock;
    readonly inlineHandlerUs: number;
    readonly tracer: Tracer | null;
    readonly meter: GuardedMeter | null;
    readonly logger: EventLogger;
  },
  audit: AuditTrail | null,
  interceptors: HandlerInterceptors | null,
): Serving {
  return {
    clock,
    inlineHandlerUs,
    traces: new CallTraces(logger),
    spans: tracer,
    figures: new FaceFigures(meter, clock),
    audit,
    interceptors,
    logger,
    refusals: new RepeatedLines(),
    lending: new LendingPool(),
    running: 0,
    onLeft: null,
    closing: new ClosingSignals(logger),
    abandoned: new Map(),
    face: null,
  };
}

/** Whether a call was not made as this side is closing. */
function isUnmade(thrown: unknown): boolean {
  return isOwnError(thrown) && thrown.code === "Closed" && thrown.outcome === "notSent";
}

/**
 * A handler's failure for its caller: name, message and detail, never the
 * stack. Anything may be thrown.
 *
 * @param stopping Why the handler was asked to end soon. If it throws this reason, or that a call of its own was not made for it, it has not failed by itself: the caller may try elsewhere.
 */
export function handlerFailure(
  thrown: unknown,
  contract: AnyContract,
  stopping: InternodeError | null,
): { readonly error: InternodeError; readonly detail: Uint8Array | null } {
  if (stopping !== null && (thrown === stopping || isUnmade(thrown))) {
    return { error: stopping, detail: null };
  }
  if (isA(thrown, RefusedCall)) return { error: thrown, detail: thrown.detailBytes };
  const message = textOf(thrown);
  const failed = (text: string): InternodeError =>
    new InternodeError("HandlerFailed", text, {
      origin: "remote",
      outcome: "executed",
      remoteName: nameOf(thrown),
      remoteMessage: text,
      cause: thrown,
    });
  const writer = new ByteWriter();
  try {
    if (contract.detail === undefined || !(thrown instanceof HandlerError)) {
      return { error: failed(message), detail: null };
    }
    const { detail } = thrown;
    if (detail === undefined) return { error: failed(message), detail: null };
    contract.detail.encode(detail, writer);
  } catch (cause) {
    const text = `its detail does not fit the contract: ${textOf(cause)}`;
    return { error: failed(`${message} (${text})`), detail: null };
  }
  const length = writer.position;
  if (length > MAX_ERROR_DETAIL_BYTES) {
    const text = `its detail has ${
      counted(length, "byte")
    }; at most ${MAX_ERROR_DETAIL_BYTES} can be sent`;
    return { error: failed(`${message} (${text})`), detail: null };
  }
  return { error: failed(message), detail: writer.bytes.slice(0, length) };
}

/** Logs a handler's failure. */
export function logFailure(
  serving: Serving,
  contract: AnyContract,
  source: CallSource,
  thrown: unknown,
): void {
  const handler = contract.name, caller = source.host;
  const text = `Handler ${handler} failed for ${caller}: ${sentence(textOf(thrown))}`;
  serving.logger.debug(text, { event: "handler_failed", handler, caller, ...about(thrown) });
}

/**
 * The error for a caller whose response or output cannot be sent. The handler
 * has run. Only the code of a too large one is passed on, because the handler's
 * side must correct everything else.
 */
export function unsendable(problem: InternodeError, what: string): InternodeError {
  const message = `The handler's ${what} cannot be sent: ${problem.message}`;
  const init = { origin: "remote", outcome: "executed", cause: problem } as const;
  if (problem.code === "MessageTooLarge") return new InternodeError(problem.code, message, init);
  return new InternodeError("HandlerFailed", message, {
    ...init,
    remoteName: problem.name,
    remoteMessage: message,
  });
}

/** The error for a caller of an unknown handler. */
export function unknownHandler(message: string): InternodeError {
  return new InternodeError("UnknownHandler", message, {
    origin: "caller",
    outcome: "notExecuted",
  });
}
