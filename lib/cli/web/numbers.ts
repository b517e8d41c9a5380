/**
 * Rates of several nodes together, as JSON has numbers.
 *
 * @module
 */

import { type CallRates, callRates } from "../../admin/call_rates.ts";
import type { AdminFigures, FiguresResponse } from "../../admin/figures_contract.ts";
import type { Reading } from "./node_view.ts";
import type { NodeRates } from "./page_state.ts";

/** Over how long rates are taken, in milliseconds. */
const WINDOW_MS = 6_000;

/** Two readings of one node; without an earlier one there are no rates. */
export type Readings = readonly [
  before: FiguresResponse | null,
  after: FiguresResponse,
];

/** A number that is known: `null` for `NaN` and `Infinity`. */
export function known(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

/** A percentile: `null` if no call has ended, -1 beyond what is measured. */
export function percentile(value: number): number | null {
  return value === Infinity ? -1 : known(value);
}

/**
 * The readings between which rates of the last seconds are taken.
 *
 * @param readings The readings of one node, the newest last.
 * @param windowMs How old the earlier one may be at most.
 * @returns `null` if the node has not told its figures.
 */
export function lately(
  readings: readonly Reading[],
  windowMs: number = WINDOW_MS,
): Readings | null {
  const latest = readings.at(-1), after = latest?.figures ?? null;
  if (latest === undefined || after === null) return null;
  const before = readings.find(({ askedMs, figures }) =>
    figures !== null && figures !== after &&
    figures.instance === after.instance &&
    latest.askedMs - askedMs <= windowMs
  );
  return [before?.figures ?? null, after];
}

/** How the calls went that were served by nodes, all handlers together. */
export function servedRates(nodes: readonly Readings[]): NodeRates {
  const [sum] = ratesOf(
    nodes,
    (row) => row.side === "server" ? { ...row, handler: "", kind: "" } : null,
  );
  return {
    perSecond: sum?.perSecond ?? 0,
    errorsPerSecond: sum?.errorsPerSecond ?? 0,
    p50Ms: percentile(sum?.p50Ms ?? NaN),
    p99Ms: percentile(sum?.p99Ms ?? NaN),
  };
}

/** How the calls of each handler went on nodes, taken together. */
export function handlerRates(nodes: readonly Readings[]): readonly CallRates[] {
  return ratesOf(nodes, (row) => row);
}

/**
 * Adds up what several nodes have counted, so that percentiles are those of all
 * their calls.
 *
 * @param change What a row counts as; `null`: it is left out.
 */
function ratesOf(
  nodes: readonly Readings[],
  change: (row: AdminFigures) => AdminFigures | null,
): readonly CallRates[] {
  const like = nodes[0]?.[1],
    before: AdminFigures[] = [],
    after: AdminFigures[] = [];
  if (like === undefined) return [];
  let longestMs = 0;
  for (const [node, [first, last]] of nodes.entries()) {
    const take = (rows: readonly AdminFigures[], into: AdminFigures[]): void => {
      for (const row of rows) {
        const changed = change(row);
        // Rows that are added up are told apart by their hosts.
        const host = `${node} ${row.kind} ${row.handler} ${row.host}`;
        if (changed !== null) into.push({ ...changed, host });
      }
    };
    longestMs = Math.max(longestMs, first === null ? 0 : last.atMs - first.atMs);
    take(first === null ? last.rows : first.rows, before);
    take(last.rows, after);
  }
  const response = (rows: readonly AdminFigures[], atMs: number): FiguresResponse => ({
    ...like,
    instance: "",
    atMs,
    rows,
  });
  return callRates(response(before, 0), response(after, longestMs), false);
}
