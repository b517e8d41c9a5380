/**
 * Traces of OpenTelemetry's (https://opentelemetry.io): the spans of calls
 * made and served, joined across processes by the W3C's Trace Context.
 *
 * ```ts
 * import { otelTracer } from "@internode/grid/otel";
 *
 * const tracer = otelTracer(); // for the option `tracer` of a Manager, of connect and of serve
 * ```
 *
 * @module
 */

export type { Span, SpanOptions, TraceContext, Tracer } from "../rpc/contract/tracer.ts";
export { otelTracer, type OtelTracerOptions } from "./otel_tracer.ts";
