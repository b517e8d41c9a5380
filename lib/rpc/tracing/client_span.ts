/**
 * The spans of outgoing calls, and their context in the metadata.
 *
 * @module
 */

import { MAX_METADATA_BYTES, type Metadata } from "../../session/frames/metadata.ts";
import { traceCode } from "./call_trace.ts";
import { spanAttributes, statusAttributes } from "./span_attributes.ts";
import { checkTraceState, formatTraceParent, TRACE_PARENT, TRACE_STATE } from "./trace_context.ts";
import type { Span, Tracer } from "../contract/tracer.ts";

/**
 * Begins the span of a call. Call it in the turn in which the user makes the
 * call, because the span that is active then becomes its parent.
 *
 * @param handler The contract's name, which names the span as well.
 * @param host The peer's URL or address; `null` when it is not known yet.
 * @param subroute The subroute; `""` if there is none.
 * @returns The span, to be ended exactly once.
 */
export function startClientSpan(
  tracer: Tracer,
  handler: string,
  host: string | null,
  subroute: string = "",
): Span {
  return tracer.startSpan(handler, {
    kind: "client",
    parent: undefined,
    attributes: spanAttributes(handler, subroute, "server", host === "" ? null : host),
  });
}

/** The call of a span has ended; `undefined`: it went well. */
export function endClientSpan(span: Span, failure: unknown): void {
  span.set?.(statusAttributes(traceCode(failure)));
  span.end(failure);
}

/**
 * The metadata to send with a call: the user's, with the span's context in
 * place of any that the user gave, because a handler may pass on the metadata
 * that it got. If that exceeds {@linkcode MAX_METADATA_BYTES}, `tracestate` is
 * left out, then the whole context: a call never fails because it is traced.
 *
 * @param metadata The user's metadata, which is not changed.
 * @param span The call's span; `null` without a tracer.
 * @returns `null` if there is nothing to send.
 */
export function withTraceContext(
  metadata: Metadata | undefined,
  span: Span | null,
): Metadata | null {
  if (span === null) return metadata ?? null;
  const { context } = span;
  const traceParent = context === undefined ? undefined : formatTraceParent(context);
  if (context === undefined || traceParent === undefined) return metadata ?? null;
  const carried: Record<string, string> = Object.assign(Object.create(null), metadata);
  delete carried[TRACE_STATE];
  carried[TRACE_PARENT] = traceParent;
  const spareBytes = MAX_METADATA_BYTES - metadataBytes(carried);
  if (spareBytes < 0) return metadata ?? null;
  const traceState = context.traceState === undefined
    ? undefined
    : checkTraceState(context.traceState);
  if (traceState !== undefined && entryBytes(TRACE_STATE, traceState) <= spareBytes) {
    carried[TRACE_STATE] = traceState;
  }
  return carried;
}

const encoder = new TextEncoder();

/** How many bytes the entries take on the wire. Values that are not strings are refused when they are encoded. */
function metadataBytes(metadata: Metadata): number {
  let bytes = 0;
  for (const [key, value] of Object.entries(metadata)) bytes += entryBytes(key, value);
  return bytes;
}

function entryBytes(key: string, value: unknown): number {
  const text = String(value);
  return 4 + encoder.encode(key).length + encoder.encode(text).length;
}
