/**
 * The spans of calls that are served.
 *
 * @module
 */

import { InternodeError } from "../errors.ts";
import { textOf } from "../foreign/text_of.ts";
import type { Metadata } from "../session/metadata.ts";
import { spanAttributes } from "./span_attributes.ts";
import { readTraceContext } from "./trace_context.ts";
import type { Span, Tracer } from "./tracer.ts";

/**
 * The span of one call, from its arrival until its handler has ended or
 * whatever ends the call before that: a handler that does not heed its signal
 * cannot keep its span from being seen. What it does afterwards still runs in
 * the span.
 */
export class ServerSpan {
  readonly #span: Span;
  #ended = false;

  /**
   * @param tracer Begins it.
   * @param handler The contract's name, which names the span as well.
   * @param subroute The handler's name below the contract's.
   * @param caller The caller's URL.
   * @param metadata What came with the call: the caller's span, if it is traced.
   */
  constructor(
    tracer: Tracer,
    handler: string,
    subroute: string,
    caller: string,
    metadata: Metadata,
  ) {
    this.#span = tracer.startSpan(handler, {
      kind: "server",
      parent: readTraceContext(metadata),
      attributes: spanAttributes(handler, subroute, "client", caller),
    });
  }

  /** Runs some of the handler. */
  run<T>(action: () => T): T {
    return this.#span.run(action);
  }

  /** The call went well. */
  end(): void {
    this.#end(undefined);
  }

  /** The call has failed, unless it has ended already. */
  fail(error: unknown): void {
    this.#end(error ?? new InternodeError("HandlerFailed", `${textOf(error)} was thrown.`));
  }

  #end(error: unknown): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#span.end(error);
  }
}
