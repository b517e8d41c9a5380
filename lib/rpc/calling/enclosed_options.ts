/**
 * Calls that a handler makes for the call that it serves.
 *
 * @module
 */

import { type InternodeError, invalidArgument } from "../../errors.ts";
import { signalProblem } from "../../foreign/signal.ts";
import { shown } from "../../foreign/text_of.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { CallOptions, EnclosingCall } from "../contract/call_options.ts";
import { TRACE_PARENT, TRACE_STATE } from "../tracing/trace_context.ts";

/** The options that depend on the call around. */
export type EnclosableOptions = Pick<
  CallOptions,
  "metadata" | "priority" | "signal" | "timeoutMs" | "within"
>;

/** How much of the time left is kept for the handler's own answer, at most, in milliseconds. */
const MARGIN_MS = 10;
/** The same, as a part of the time left. */
const MARGIN_PART = 0.1;

/**
 * The options of a call within another one, whose handler makes it: no more time
 * than that one has left, less a margin, its end too, its trace, and its
 * priority unless it has one of its own.
 *
 * @param options The caller's.
 * @param within The call around.
 * @param defaultTimeoutMs How long the call may take unless it says otherwise.
 * @param marginMs How much of the time left is kept. Default: a tenth, and at most 10 ms.
 * @throws {InternodeError} `InvalidArgument` for what is no context of a handler.
 */
export function enclosedOptions<Options extends EnclosableOptions>(
  options: Options,
  within: EnclosingCall,
  clock: Clock,
  defaultTimeoutMs: number,
  marginMs?: number,
): Options {
  const problem = enclosingProblem(within);
  if (problem !== null) throw problem;
  const { deadline, metadata: carried, priority: outerPriority } = within;
  const { timeoutMs = defaultTimeoutMs, signal, metadata } = options;
  const leftMs = deadline === Infinity ? Infinity : deadline - clock.wallNow();
  const keptMs = leftMs === Infinity ? 0 : marginMs ?? Math.min(MARGIN_MS, leftMs * MARGIN_PART);
  return {
    ...options,
    within: undefined,
    // One that is no number is refused with the call.
    timeoutMs: typeof timeoutMs === "number" ? Math.min(timeoutMs, leftMs - keptMs) : timeoutMs,
    // Not that the node begins to close: the handler may still answer then.
    signal: eitherOf(signal, within.cancelled ?? within.signal),
    metadata: traced(metadata, carried),
    priority: options.priority ?? outerPriority,
  };
}

function enclosingProblem(within: unknown): InternodeError | null {
  const context = (within ?? {}) as Partial<EnclosingCall>, { deadline, metadata } = context;
  const isContext = typeof deadline === "number" &&
    signalProblem(context.cancelled ?? context.signal) === null &&
    typeof metadata === "object" && metadata !== null;
  if (isContext) return null;
  return invalidArgument(`Option within must be the context of a handler, not ${shown(within)}.`);
}

/** A signal that aborts when one of the two does. One that is none is refused with the call. */
function eitherOf(signal: AbortSignal | undefined, outer: AbortSignal): AbortSignal {
  if (signal === undefined) return outer;
  return signal instanceof AbortSignal ? AbortSignal.any([signal, outer]) : signal;
}

/** The caller's metadata, with the trace of the call around unless there is one in it. A tracer puts its own in place of it. */
function traced(
  metadata: CallOptions["metadata"],
  carried: EnclosingCall["metadata"],
): CallOptions["metadata"] {
  const parent = carried[TRACE_PARENT], state = carried[TRACE_STATE];
  if (parent === undefined) return metadata;
  if (metadata !== undefined && (typeof metadata !== "object" || metadata === null)) {
    return metadata;
  }
  if (metadata?.[TRACE_PARENT] !== undefined) return metadata;
  const all: Record<string, string> = { ...metadata, [TRACE_PARENT]: parent };
  if (state !== undefined) all[TRACE_STATE] = state;
  return all;
}
