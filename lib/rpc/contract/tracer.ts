/**
 * Spans of distributed traces, as this library asks for them.
 *
 * @module
 */

/** What identifies a span across processes, as in the W3C's Trace Context. */
export interface TraceContext {
  /** 32 lower-case hex digits, not all zero. */
  readonly traceId: string;
  /** 16 lower-case hex digits, not all zero. */
  readonly spanId: string;
  /** The 8 bits of flags; bit 0: the trace is recorded. */
  readonly traceFlags: number;
  /** The text of the `tracestate` header, if there is one. */
  readonly traceState?: string | undefined;
}

/** What a span is begun with. */
export interface SpanOptions {
  /** Whether it stands for making a call or for serving one. */
  readonly kind: "client" | "server";
  /** The caller's span, when serving a call that carries one; `undefined` when making a call: the parent is whatever span the calling code runs in. */
  readonly parent: TraceContext | undefined;
  /** What is known at the start, by OpenTelemetry's names for remote procedure calls. */
  readonly attributes: Readonly<Record<string, string | number>>;
}

/** One span under way. */
export interface Span {
  /** What travels to the other side; `undefined`: nothing does. */
  readonly context: TraceContext | undefined;
  /** Runs the handler with this span as the one that new spans become children of. */
  run<T>(action: () => T): T;
  /**
   * Ends the span. Called once.
   *
   * @param error What the call failed with; `undefined`: it went well.
   */
  end(error?: unknown): void;
}

/** Begins spans. What it throws, or its spans, changes nothing for the calls: their span is left out. */
export interface Tracer {
  /**
   * Begins a span.
   *
   * @param name Such as `"cache/get"`.
   * @param options Its kind, parent and attributes.
   */
  startSpan(name: string, options: SpanOptions): Span;
}
