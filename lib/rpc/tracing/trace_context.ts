/**
 * The context of a trace in a call's metadata, by the W3C's Trace Context
 * (https://www.w3.org/TR/trace-context/, and for the flag "random"
 * https://www.w3.org/TR/trace-context-2/): `traceparent` names the caller's
 * span, `tracestate` holds data of tracing systems.
 *
 * @module
 */

import type { Metadata } from "../../session/frames/metadata.ts";
import type { TraceContext } from "../contract/tracer.ts";

/** The metadata's key for the caller's span. Keys are case-sensitive; this one is in lower case. */
export const TRACE_PARENT = "traceparent";
/** The metadata's key for data of tracing systems. */
export const TRACE_STATE = "tracestate";

/** The flags of version 00: sampled (1) and random (2); all others are sent as 0. */
const KNOWN_FLAGS = 0x03;
/** The only flag that later versions are sure to keep. */
const SAMPLED = 0x01;

const PARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/s;
const TRACE_ID = /^[0-9a-f]{32}$/;
const SPAN_ID = /^[0-9a-f]{16}$/;
const ALL_ZERO = /^0+$/;

/** The caller's span, from its metadata; `undefined` when there is none or it is malformed. */
export function readTraceContext(metadata: Metadata): TraceContext | undefined {
  const text = metadata[TRACE_PARENT];
  if (text === undefined) return undefined;
  const context = parseTraceParent(text);
  const state = metadata[TRACE_STATE];
  if (context === undefined || state === undefined) return context;
  const traceState = checkTraceState(state);
  return traceState === undefined ? context : { ...context, traceState };
}

/** Reads a `traceparent`: version 00 strictly, later ones as far as they match version 00; `undefined` when it is malformed. */
export function parseTraceParent(text: string): TraceContext | undefined {
  const parts = PARENT.exec(text);
  if (parts === null) return undefined;
  const [, version, traceId, spanId, flags, rest] = parts as unknown as [
    string,
    string,
    string,
    string,
    string,
    string | undefined,
  ];
  if (version === "ff" || version === "00" && rest !== undefined) return undefined;
  if (ALL_ZERO.test(traceId) || ALL_ZERO.test(spanId)) return undefined;
  const known = version === "00" ? KNOWN_FLAGS : SAMPLED;
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16) & known };
}

/** The `traceparent` of a span; `undefined` when its ids are malformed. */
export function formatTraceParent(context: TraceContext): string | undefined {
  const { traceId, spanId, traceFlags } = context;
  if (!TRACE_ID.test(traceId) || ALL_ZERO.test(traceId)) return undefined;
  if (!SPAN_ID.test(spanId) || ALL_ZERO.test(spanId)) return undefined;
  return `00-${traceId}-${spanId}-0${traceFlags & KNOWN_FLAGS}`;
}

/** How many members a `tracestate` may have. */
const MAX_MEMBERS = 32;
/** The size that every system must pass on; members beyond it are left out. */
const MAX_CHARACTERS = 512;
/** Members above this size are left out first. */
const MAX_MEMBER_CHARACTERS = 128;

const KEY =
  /^(?:[a-z0-9][a-z0-9_\-*/]{0,255}|[a-z0-9][a-z0-9_\-*/]{0,240}@[a-z][a-z0-9_\-*/]{0,13})$/;
const VALUE = /^[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]$/;
/** More characters than any well-formed `tracestate` has, white space included. */
const MAX_LENGTH = MAX_MEMBERS * 600;

/**
 * A `tracestate` to pass on: without white space around its members, and at
 * most 512 characters long. Large members are left out first, then those at the
 * end.
 *
 * @returns `undefined` if it is empty or malformed; a malformed one is dropped as a whole.
 */
export function checkTraceState(text: string): string | undefined {
  if (text.length > MAX_LENGTH) return undefined;
  const keys = new Set<string>();
  let members: string[] = [];
  for (const part of text.split(",")) {
    const member = part.replace(/^[ \t]+|[ \t]+$/g, "");
    if (member === "") continue;
    const equals = member.indexOf("=");
    const key = member.slice(0, Math.max(equals, 0));
    if (!KEY.test(key) || !VALUE.test(member.slice(equals + 1)) || keys.has(key)) return undefined;
    keys.add(key);
    members.push(member);
  }
  if (members.length === 0 || members.length > MAX_MEMBERS) return undefined;
  if (joinedLength(members) > MAX_CHARACTERS) {
    members = members.filter((member) => member.length <= MAX_MEMBER_CHARACTERS);
    while (joinedLength(members) > MAX_CHARACTERS) members.pop();
  }
  return members.length === 0 ? undefined : members.join(",");
}

function joinedLength(members: readonly string[]): number {
  return members.reduce((sum, member) => sum + member.length + 1, -1);
}
