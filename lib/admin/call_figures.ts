/**
 * Puts together what was counted of calls.
 *
 * @module
 */

import type { Inspection } from "../rpc/inspection/inspection.ts";
import { presentFigures } from "../rpc/inspection/present_figures.ts";
import { isAskedFor } from "./asked_handler.ts";
import { type AdminFigures, figuresKey, type FiguresRequest } from "./figures_contract.ts";

/** More calls than there can be. */
const ALL = Number.MAX_SAFE_INTEGER;

/** Calls that have not ended, until what has ended is known as well. */
interface Row {
  readonly figures: AdminFigures;
  inFlight: number;
}

/** The calls of a node or server, by handler and other side. The first question begins the count. */
export function callFigures(face: Inspection, { handler }: FiguresRequest): AdminFigures[] {
  const rows = new Map<string, Row>();
  face.figures.begin();
  const rowOf = (empty: AdminFigures): Row => {
    const key = figuresKey(empty), known = rows.get(key);
    if (known !== undefined) return known;
    const row = { figures: empty, inFlight: 0 };
    rows.set(key, row);
    return row;
  };
  for (const { calls, buckets, totalMs, failed } of presentFigures(face)) {
    if (!isAskedFor(calls.handler, handler)) continue;
    const ended = buckets.reduce((sum, count) => sum + count, 0);
    rowOf({ ...calls, ended, totalMs, buckets, failed, inFlight: 0 });
  }
  for (const { direction, kind, handler: name, host } of face.calls({ limit: ALL, handler })) {
    if (!isAskedFor(name, handler)) continue;
    const side = direction === "outgoing" ? "client" : "server";
    const none = { ended: 0, totalMs: 0, buckets: [], failed: new Map(), inFlight: 0 };
    rowOf({ side, kind, handler: name, host, ...none }).inFlight++;
  }
  return Array.from(rows.values(), ({ figures: row, inFlight }) => ({ ...row, inFlight }));
}
