/**
 * Spans of OpenTelemetry's.
 *
 * @module
 */

import {
  type Context,
  context,
  isSpanContextValid,
  type Span as ApiSpan,
  SpanStatusCode,
} from "@opentelemetry/api";
import { isError, isOwnError } from "../foreign/own_error.ts";
import { nameOf, textOf } from "../foreign/text_of.ts";
import type { Span, SpanOptions, TraceContext } from "../rpc/contract/tracer.ts";

/** One span, and the context in which it is the active one. */
export class OtelSpan implements Span {
  readonly #span: ApiSpan;
  readonly #within: Context;
  #status: unknown = undefined;

  constructor(span: ApiSpan, within: Context) {
    this.#span = span;
    this.#within = within;
  }

  /** See {@linkcode Span}. */
  get context(): TraceContext | undefined {
    const spanContext = this.#span.spanContext();
    if (!isSpanContextValid(spanContext)) return undefined;
    const { traceId, spanId, traceFlags, traceState } = spanContext;
    return { traceId, spanId, traceFlags, traceState: traceState?.serialize() };
  }

  /** See {@linkcode Span}. */
  run<T>(action: () => T): T {
    return context.with(this.#within, action);
  }

  /** See {@linkcode Span}. */
  set(attributes: SpanOptions["attributes"]): void {
    this.#status = attributes["rpc.status_code"] ?? this.#status;
    this.#span.setAttributes(attributes);
  }

  /** See {@linkcode Span}. */
  end(error?: unknown): void {
    if (error !== undefined) this.#fail(error);
    this.#span.end();
  }

  /** Takes whatever was thrown, even what cannot be shown. */
  #fail(error: unknown): void {
    const span = this.#span;
    try {
      span.setStatus({ code: SpanStatusCode.ERROR, message: textOf(error) });
      span.setAttribute("error.type", String(this.#status ?? errorType(error)));
      span.recordException(isError(error) ? error : textOf(error));
    } catch {
      span.setStatus({ code: SpanStatusCode.ERROR });
    }
  }
}

/** The kind of an error, of few different values: the code of this library's errors, the name of others. */
function errorType(error: unknown): string {
  if (isOwnError(error)) return error.code;
  return isError(error) ? nameOf(error) : "_OTHER";
}
