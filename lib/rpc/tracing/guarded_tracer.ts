/**
 * Tracers of users, which may fail like all user code.
 *
 * @module
 */

import { guard, tell } from "../../foreign/guard.ts";
import { thenOf } from "../../foreign/thenable.ts";
import type { Span, SpanOptions, TraceContext, Tracer } from "../contract/tracer.ts";

/** Wraps a user's tracer: whatever it and its spans do, calls go on. `null` without a tracer, at no cost. */
export function tracerOf(given: Tracer | null | undefined): Tracer | null {
  if (given === undefined || given === null) return null;
  return given instanceof GuardedTracer ? given : new GuardedTracer(given);
}

class GuardedTracer implements Tracer {
  readonly #tracer: Tracer;

  constructor(tracer: Tracer) {
    this.#tracer = tracer;
  }

  /** A span that fails to begin is not recorded. */
  startSpan(name: string, options: SpanOptions): Span {
    const start = (): unknown => this.#tracer.startSpan(name, options);
    const span = guard(start, () => undefined);
    if (thenOf(span) === null && span !== undefined && span !== null) {
      return new GuardedSpan(span as Span);
    }
    // An unhandled rejection would end the process.
    tell(() => span, ignore);
    return NO_SPAN;
  }
}

const NO_SPAN: Span = {
  context: undefined,
  run: (action) => action(),
  end: ignore,
};

class GuardedSpan implements Span {
  readonly #span: Span;

  constructor(span: Span) {
    this.#span = span;
  }

  /** Nothing travels of a context that is not as it should be. */
  get context(): TraceContext | undefined {
    return guard(() => {
      const { context } = this.#span;
      if (context === undefined || context === null) return undefined;
      const { traceId, spanId, traceFlags, traceState } = context;
      const isWhole = typeof traceId === "string" && typeof spanId === "string" &&
        typeof traceFlags === "number";
      if (!isWhole) {
        tell(() => context, ignore);
        return undefined;
      }
      const stated = typeof traceState === "string" ? traceState : undefined;
      return { traceId, spanId, traceFlags, traceState: stated };
    }, () => undefined);
  }

  /** The action runs once, and its outcome counts, not what the span makes of it. */
  run<T>(action: () => T): T {
    let outcome: Outcome<T> | null = null;
    const runOnce = (): T => valueOf(outcome ??= outcomeOf(action));
    tell(() => {
      const result = this.#span.run(runOnce);
      // A promise of the span's own may be rejected as the action's is.
      return result === outcome?.value ? undefined : result;
    }, ignore);
    return runOnce();
  }

  /** See {@linkcode Span}. */
  set(attributes: SpanOptions["attributes"]): void {
    tell(() => this.#span.set?.(attributes), ignore);
  }

  /** See {@linkcode Span}. */
  end(error?: unknown): void {
    tell(() => error === undefined ? this.#span.end() : this.#span.end(error), ignore);
  }
}

/** How an action has ended. */
interface Outcome<T> {
  readonly failed: boolean;
  readonly value: T | undefined;
  readonly thrown: unknown;
}

function outcomeOf<T>(action: () => T): Outcome<T> {
  try {
    return { failed: false, value: action(), thrown: undefined };
  } catch (thrown) {
    return { failed: true, value: undefined, thrown };
  }
}

function valueOf<T>({ failed, value, thrown }: Outcome<T>): T {
  if (failed) throw thrown;
  return value as T;
}

function ignore(): void {}
