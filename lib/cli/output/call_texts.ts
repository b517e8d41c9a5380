/**
 * How calls are named in tables.
 *
 * @module
 */

/** What admin calls a direction; `undefined` for both. */
export function longDirection(short: "in" | "out" | undefined): string | undefined {
  return short === undefined ? undefined : short === "in" ? "incoming" : "outgoing";
}

/** The same for a column. */
export function shortDirection(long: string): string {
  return long.replace(/(?:com|go)ing$/, "");
}

/** A handler, with its subroute if there is one. */
export function handlerText(
  { handler, subroute }: { readonly handler: string; readonly subroute: string },
): string {
  return subroute === "" ? handler : `${handler} (${subroute})`;
}
