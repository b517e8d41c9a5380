/**
 * The interface to distributed tracing.
 *
 * @module
 */

/** Identifies a span across processes, as in the W3C's Trace Context. */
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

/** The options of a new span. */
export interface SpanOptions {
  /** Whether the span is of a call that is made or served. */
  readonly kind: "client" | "server";
  /** The caller's span, when serving a call that carries one; `undefined` when making a call: then the parent is the active span of the calling code. */
  readonly parent: TraceContext | undefined;
  /** The attributes known at the start, by OpenTelemetry's conventions for remote procedure calls. */
  readonly attributes: Readonly<Record<string, string | number>>;
}

/** A span that has begun. */
export interface Span {
  /** The context to send to the other side; `undefined` for none. */
  readonly context: TraceContext | undefined;
  /** Runs the handler with this span as the active one, so that new spans become its children. */
  run<T>(action: () => T): T;
  /** Adds attributes that are known later: which replica has the call, in which attempt, and how it has ended. */
  set?(attributes: SpanOptions["attributes"]): void;
  /**
   * Ends the span. Called once.
   *
   * @param error The error of the call; `undefined` if it succeeded.
   */
  end(error?: unknown): void;
}

/** Begins spans. If it or one of its spans throws, calls go on without that span. */
export interface Tracer {
  /**
   * Begins a span.
   *
   * @param name Such as `"cache/get"`.
   * @param options Its kind, parent and attributes.
   */
  startSpan(name: string, options: SpanOptions): Span;
}
