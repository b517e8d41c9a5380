/**
 * A tracer that begins its spans with OpenTelemetry's API.
 *
 * @module
 */

import {
  context,
  createTraceState,
  ROOT_CONTEXT,
  type SpanContext,
  SpanKind,
  trace,
} from "@opentelemetry/api";
import type { Span, SpanOptions, TraceContext, Tracer } from "../rpc/contract/tracer.ts";
import { OtelSpan } from "./otel_span.ts";
import { optionsOf, text } from "../foreign/option_checks.ts";

/** Options of {@linkcode otelTracer}. */
export interface OtelTracerOptions {
  /** What spans name as their instrumentation. Default: `"@internode/grid"`. */
  readonly name?: string | undefined;
  /** The version that goes with `name`. Default: none. */
  readonly version?: string | undefined;
}

/**
 * Traces calls with OpenTelemetry.
 *
 * A call that is made becomes a span of kind client, the child of the span
 * that is active in the code which makes it. A call that is served becomes one
 * of kind server: the child of its caller's span, also across processes, or
 * the root of a new trace when its caller is not traced. The handler runs with
 * it as the active span, so that what it begins (spans of its own, further
 * calls, `fetch`) are children of it. A call that fails has its error
 * recorded, the span's status is "error" and `error.type` the error's code. The
 * attributes are those of the conventions for remote procedure calls
 * (https://opentelemetry.io/docs/specs/semconv/rpc/rpc-spans/), as they are
 * stable since version 1.45.0; calls of services tell the replica and the
 * attempt, too.
 *
 * Under `OTEL_DENO=true` Deno exports the spans by itself; with any other SDK
 * they go wherever its globally registered provider sends them, and they nest
 * where it has a context manager. With neither nothing is recorded and nothing
 * travels.
 *
 * @param options The instrumentation's name and version.
 * @returns The tracer, for the option `tracer` of a `Manager`, of `connect` and of `serve`.
 *
 * @example
 * ```ts
 * import { Manager, single } from "@internode/grid";
 * import * as t from "@internode/grid/codec";
 * import { otelTracer } from "@internode/grid/otel";
 * import { assertEquals } from "@std/assert";
 *
 * const double = single("double", { request: t.int(), response: t.int() });
 * const hosts = ["memory://traced-1", "memory://traced-2"];
 * const tracer = otelTracer();
 * await using one = new Manager({ local: hosts[0]!, hosts, tracer });
 * await using two = new Manager({ local: hosts[1]!, hosts, tracer });
 * two.handle(double, (value) => value * 2);
 * await Promise.all([one.listen(), two.listen()]);
 * await one.waitForConnect();
 * assertEquals(await one.connection(hosts[1]!).request(double, 21), 42);
 * ```
 */
export function otelTracer(options: OtelTracerOptions = {}): Tracer {
  const { name = "@internode/grid", version } = optionsOf("otelTracer", options);
  if (version !== undefined) text("version", version);
  const tracer = trace.getTracer(text("name", name), version);
  return {
    startSpan(name: string, { kind, parent, attributes }: SpanOptions): Span {
      const serving = kind === "server";
      const around = serving ? callerContext(parent) : context.active();
      const spanKind = serving ? SpanKind.SERVER : SpanKind.CLIENT;
      const span = tracer.startSpan(name, { kind: spanKind, attributes }, around);
      return new OtelSpan(span, trace.setSpan(around, span));
    },
  };
}

/** What a served call is begun in: nothing of what happens to be active where its bytes are read. */
function callerContext(parent: TraceContext | undefined): typeof ROOT_CONTEXT {
  if (parent === undefined) return ROOT_CONTEXT;
  const { traceId, spanId, traceFlags, traceState } = parent;
  const spanContext: SpanContext = {
    traceId,
    spanId,
    traceFlags,
    isRemote: true,
    ...(traceState === undefined ? {} : { traceState: createTraceState(traceState) }),
  };
  return trace.setSpanContext(ROOT_CONTEXT, spanContext);
}
