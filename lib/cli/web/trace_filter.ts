/**
 * Which calls a page wants to see.
 *
 * @module
 */

import type { TraceFilter } from "./trace_follower.ts";

/** The longest text of a filter, in UTF-16 units. */
const MAX_TEXT = 512;

/**
 * Reads the query of a request for a trace: `handler`, `node`, `host`,
 * `direction`, `errors=1`, `slow` in milliseconds. Empty ones count as left out.
 *
 * @param query The query.
 * @returns The filter; a text that says what is wrong.
 */
export function traceFilter(query: URLSearchParams): TraceFilter | string {
  const text = (name: string): string | undefined => query.get(name) || undefined;
  for (const value of query.values()) {
    if (value.length > MAX_TEXT) {
      return `A filter may have ${MAX_TEXT} characters at most.`;
    }
  }
  const slow = text("slow"),
    slowerThanMs = slow === undefined ? undefined : Number(slow);
  if (
    slowerThanMs !== undefined &&
    !(slowerThanMs >= 0 && slowerThanMs < Infinity)
  ) {
    return "The filter slow must be a number of milliseconds.";
  }
  const direction = text("direction");
  if (
    direction !== undefined && direction !== "incoming" &&
    direction !== "outgoing"
  ) {
    return "The filter direction must be incoming or outgoing.";
  }
  return {
    handler: text("handler"),
    node: text("node"),
    host: text("host"),
    direction,
    errorsOnly: query.get("errors") === "1" ? true : undefined,
    slowerThanMs,
  };
}
