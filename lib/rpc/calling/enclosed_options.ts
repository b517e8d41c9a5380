/**
 * Calls that a handler makes for the call that it serves.
 *
 * @module
 */

import { invalidArgument } from "../../errors.ts";
import { isA } from "../../foreign/own_error.ts";
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
  const { deadline, end, metadata: carried, priority: outerPriority } = partsOf(within);
  const { timeoutMs = defaultTimeoutMs, signal, metadata } = options;
  const leftMs = deadline === Infinity ? Infinity : deadline - clock.wallNow();
  const keptMs = leftMs === Infinity ? 0 : marginMs ?? Math.min(MARGIN_MS, leftMs * MARGIN_PART);
  return {
    ...options,
    within: undefined,
    // One that is no number is refused with the call.
    timeoutMs: typeof timeoutMs === "number" ? Math.min(timeoutMs, leftMs - keptMs) : timeoutMs,
    signal: eitherOf(signal, end),
    metadata: traced(metadata, carried),
    priority: options.priority ?? outerPriority,
  };
}

/**
 * What a call takes over from the one around it, each read once.
 *
 * @throws {InternodeError} `InvalidArgument` for what is no context of a handler.
 */
function partsOf(
  within: EnclosingCall,
): Pick<EnclosingCall, "deadline" | "metadata" | "priority"> & {
  readonly end: AbortSignal;
} {
  try {
    const { deadline, metadata, priority } = within;
    // Not that the node begins to close: the handler may still answer then.
    const end = within.cancelled ?? within.signal;
    const isContext = typeof deadline === "number" && signalProblem(end) === null &&
      typeof metadata === "object" && metadata !== null;
    if (isContext) return { deadline, metadata, priority, end };
  } catch {
    // It is refused below, as whatever else is no context.
  }
  throw invalidArgument(`Option within must be the context of a handler, not ${shown(within)}.`);
}

/** A signal that aborts when one of the two does. One that is none is refused with the call. */
function eitherOf(signal: AbortSignal | undefined, outer: AbortSignal): AbortSignal {
  if (signal === undefined) return outer;
  // Of what only looks like a signal nothing can be combined: the call's own goes first.
  const canCombine = isA(signal, AbortSignal) && isA(outer, AbortSignal);
  return canCombine ? AbortSignal.any([signal, outer]) : signal;
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
