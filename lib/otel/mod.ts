/**
 * Traces and metrics of OpenTelemetry's (https://opentelemetry.io): the spans of
 * calls made and served, joined across processes by the W3C's Trace Context, and
 * how long calls took, with further figures.
 *
 * ```ts
 * import { otelMeter, otelTracer } from "@internode/grid/otel";
 *
 * // for the options `tracer` and `meter` of a Manager, of connect and of serve
 * const options = { tracer: otelTracer(), meter: otelMeter() };
 * ```
 *
 * @module
 */

export type { Span, SpanOptions, TraceContext, Tracer } from "../rpc/contract/tracer.ts";
export type {
  CallMeter,
  MeasuredPoint,
  Measurement,
  Meter,
  MeteredCalls,
  MeteredFace,
  MeteredOutcome,
} from "../rpc/contract/meter.ts";
export { otelMeter, type OtelMeterOptions } from "./otel_meter.ts";
export { otelTracer, type OtelTracerOptions } from "./otel_tracer.ts";
