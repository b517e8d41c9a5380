/**
 * A tracer that keeps what it was told, for tests.
 *
 * @module
 */

import { AsyncLocalStorage } from "node:async_hooks";
import type { Span, SpanOptions, TraceContext, Tracer } from "../../lib/rpc/contract/tracer.ts";

let spansMade = 0;

/** A span as the tests look at it. */
export class FakeSpan implements Span {
  readonly context: TraceContext | undefined;
  /** What each call of `end` was given. */
  readonly ends: unknown[] = [];
  /** What was added later. */
  readonly added: Record<string, string | number> = {};
  readonly #tracer: FakeTracer;

  readonly name: string;
  readonly options: SpanOptions;
  readonly parentId: string | undefined;

  constructor(
    tracer: FakeTracer,
    name: string,
    options: SpanOptions,
    parentId: string | undefined,
    context: TraceContext | undefined,
  ) {
    this.name = name;
    this.options = options;
    this.parentId = parentId;
    this.#tracer = tracer;
    this.context = context;
  }

  /** How it ended: `"open"`, `"ok"`, or the error's code, else its message. */
  get fate(): string {
    if (this.ends.length === 0) return "open";
    if (this.ends.length > 1) return `ended ${this.ends.length} times`;
    const [error] = this.ends as [{ code?: string; message?: string } | undefined];
    return error === undefined ? "ok" : error.code ?? error.message ?? String(error);
  }

  run<T>(action: () => T): T {
    return this.#tracer.within(this, action);
  }

  set(attributes: SpanOptions["attributes"]): void {
    Object.assign(this.added, attributes);
  }

  end(error?: unknown): void {
    this.ends.push(error);
  }
}

/** Keeps its spans, and knows which is active where. */
export class FakeTracer implements Tracer {
  readonly spans: FakeSpan[] = [];
  readonly #active = new AsyncLocalStorage<FakeSpan>();
  /** What new spans' contexts get beside their ids. */
  traceState: string | undefined = undefined;
  /** Whether spans have contexts. */
  propagates = true;

  startSpan(name: string, options: SpanOptions): FakeSpan {
    const { active } = this;
    const parent = options.kind === "client" ? active?.context : options.parent;
    const number = (++spansMade).toString(16);
    const context = {
      traceId: parent?.traceId ?? number.padStart(32, "a"),
      spanId: number.padStart(16, "b"),
      traceFlags: 1,
      traceState: this.traceState,
    };
    const carried = this.propagates ? context : undefined;
    const span = new FakeSpan(this, name, options, parent?.spanId, carried);
    this.spans.push(span);
    return span;
  }

  within<T>(span: FakeSpan, action: () => T): T {
    return this.#active.run(span, action);
  }

  /** The span that the code runs in. */
  get active(): FakeSpan | undefined {
    return this.#active.getStore();
  }

  /** The spans of one kind. */
  of(kind: SpanOptions["kind"]): FakeSpan[] {
    return this.spans.filter((span) => span.options.kind === kind);
  }

  /** Kind, name and fate of all spans, in the order they began. */
  get told(): string[] {
    return this.spans.map(({ name, options, fate }) => `${options.kind} ${name}: ${fate}`);
  }
}
