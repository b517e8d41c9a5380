/**
 * What handlers need of their node.
 *
 * @module
 */

import { HandlerError, InternodeError } from "../errors.ts";
import type { Clock } from "../net/clock.ts";
import { ByteWriter } from "../wire/byte_writer.ts";
import type { CallContext } from "./call_context.ts";
import type { CallTrace, Tracer } from "./call_trace.ts";
import type { AnyContract } from "./contract.ts";
import type { Logger } from "./logger.ts";

/** What handlers need of their node. */
export interface Serving {
  /** Where time comes from. */
  readonly clock: Clock;
  /** Whoever traces calls. */
  readonly tracer: Tracer;
  /** Where failures of handlers are told. */
  readonly logger: Logger;
}

/** The connection a call came over. */
export interface CallSource {
  /** The caller's host URL. */
  readonly host: string;
  /** Begins a turn and gives its time. */
  beginTurn(): number;
}

/** A handler's failure as its caller sees it: the message and the detail, never the stack. */
export function handlerFailure(
  thrown: unknown,
  contract: AnyContract,
): { readonly error: InternodeError; readonly detail: Uint8Array | null } {
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  const error = new InternodeError("HandlerFailed", message, {
    origin: "remote",
    outcome: "executed",
    cause: thrown,
  });
  if (!(thrown instanceof HandlerError) || contract.detail === undefined) {
    return { error, detail: null };
  }
  const writer = new ByteWriter();
  try {
    contract.detail.encode(thrown.detail, writer);
  } catch (cause) {
    const text = cause instanceof Error ? cause.message : String(cause);
    const told = `${message} (its detail does not fit the contract: ${text})`;
    return {
      error: new InternodeError("HandlerFailed", told, { origin: "remote", outcome: "executed" }),
      detail: null,
    };
  }
  return { error, detail: writer.bytes.slice(0, writer.position) };
}

/** Tells the log of a handler's failure. */
export function logFailure(
  serving: Serving,
  contract: AnyContract,
  source: CallSource,
  thrown: unknown,
): void {
  serving.logger.debug(`Handler ${contract.name} failed.`, { caller: source.host, error: thrown });
}

/** Tells of a call served; what ended it from outside counts before what its handler did then. */
export function traceIncoming(
  serving: Serving,
  contract: AnyContract,
  source: CallSource,
  context: CallContext,
  startMs: number,
  error: CallTrace["error"],
): void {
  serving.tracer.emit({
    direction: "incoming",
    kind: contract.kind,
    handler: contract.name,
    subroute: context.subroute,
    host: source.host,
    durationMs: serving.clock.now() - startMs,
    error: context.cancelled?.code ?? error,
  });
}
