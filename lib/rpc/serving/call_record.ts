/**
 * The record of a served call, for tracers and trace subscribers.
 *
 * @module
 */

import { type ErrorCode, InternodeError } from "../../errors.ts";
import { textOf } from "../../foreign/text_of.ts";
import type { Metadata } from "../../session/frames/metadata.ts";
import type { CallSource } from "./call_source.ts";
import type { AnyContract } from "../contract/contract.ts";
import type { Serving } from "./serving.ts";
import {
  spanAttributes,
  statusAttributes,
  SYSTEM_NAME,
  unknownAttributes,
} from "../tracing/span_attributes.ts";
import { readTraceContext } from "../tracing/trace_context.ts";
import type { Span } from "../contract/tracer.ts";

/** What names a call: a contract, or the called name if there is no handler. */
export interface CallName extends Pick<AnyContract, "name" | "kind"> {
  /** Whether no handler has that name, which then comes from outside. */
  readonly isUnknown?: boolean;
}

/**
 * One call, from its arrival until its handler or the call itself has ended,
 * whichever is first. So a handler that ignores its signal cannot hide its
 * call. What it does afterwards still runs in the call's span.
 */
export class CallRecord {
  readonly #serving: Serving;
  readonly #call: CallName;
  readonly #subroute: string;
  readonly #host: string;
  readonly #span: Span | null;
  readonly #startMs: number;
  #ended = false;

  /**
   * @param serving Has the tracer and the subscribers.
   * @param call What is called.
   * @param subroute The handler's name below the contract's.
   * @param host The caller.
   * @param metadata The metadata of the call, with the caller's span if it is traced.
   */
  constructor(
    serving: Serving,
    call: CallName,
    subroute: string,
    host: string,
    metadata: Metadata,
  ) {
    this.#serving = serving;
    this.#call = call;
    this.#subroute = subroute;
    this.#host = host;
    this.#startMs = serving.traces.active ? serving.clock.now() : -1;
    const { isUnknown = false, name } = call;
    this.#span = serving.spans === null
      ? null
      : serving.spans.startSpan(isUnknown ? SYSTEM_NAME : name, {
        kind: "server",
        parent: readTraceContext(metadata),
        attributes: isUnknown
          ? unknownAttributes(name, subroute, host)
          : spanAttributes(name, subroute, "client", host),
      });
  }

  /** Runs a part of the handler in the call's span. */
  run<T>(action: () => T): T {
    return this.#span === null ? action() : this.#span.run(action);
  }

  /** The call has succeeded. */
  end(): void {
    this.#end(undefined, null);
  }

  /**
   * The call has failed, unless it has ended already.
   *
   * @param code The code that its caller gets.
   * @param error The reason, such as what the handler threw.
   */
  fail(code: ErrorCode, error: unknown): void {
    this.#end(error ?? new InternodeError("HandlerFailed", `${textOf(error)} was thrown.`), code);
  }

  #end(error: unknown, code: ErrorCode | null): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#span?.set?.(statusAttributes(code));
    this.#span?.end(error);
    if (this.#startMs < 0) return;
    const { traces, clock } = this.#serving;
    traces.emit({
      direction: "incoming",
      kind: this.#call.kind,
      handler: this.#call.name,
      subroute: this.#subroute,
      host: this.#host,
      attempt: 1,
      durationMs: clock.now() - this.#startMs,
      error: code,
    });
  }
}

/** The record of a call that has arrived; `null` if nobody needs it. */
export function recordCall(
  serving: Serving,
  call: CallName,
  subroute: string,
  host: string,
  metadata: Metadata,
): CallRecord | null {
  if (serving.spans === null && !serving.traces.active) return null;
  return new CallRecord(serving, call, subroute, host, metadata);
}

/** Reports a call for which no handler runs to the audit. */
export function auditRefused(
  { audit }: Serving,
  { name: handler, kind }: CallName,
  subroute: string,
  { host: caller, identity, remote }: CallSource,
  { code, message: reason }: InternodeError,
): void {
  audit?.onCall({ remote, caller, identity, handler, subroute, kind, code, reason });
}
