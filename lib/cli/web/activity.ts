/**
 * What nodes have to do: their handlers, and their calls in flight.
 *
 * @module
 */

import type { AdminCall, TracedCall } from "../../admin/calls_contract.ts";
import type { CallRates } from "../../admin/call_rates.ts";
import { foreign, type Moment, nameOf, stateOf } from "./mesh.ts";
import type { NodeView } from "./node_view.ts";
import { handlerRates, known, lately, percentile, type Readings } from "./numbers.ts";
import type { PageCall, PageHandler, PageTrace } from "./page_state.ts";

/** How many calls are shown. */
const MAX_CALLS = 100;
/** How many rows of handlers are shown, those with the most calls. */
const MAX_ROWS = 400;

/** Handlers of all nodes together, then of each; the busiest first. */
export function handlersOf(views: readonly NodeView[], moment: Moment): PageHandler[] {
  const all: Readings[] = [], rows: PageHandler[] = [];
  for (const view of views) {
    const readings = lately(view.readings);
    if (readings === null || stateOf(view, moment) !== "up") continue;
    all.push(readings);
    for (const rates of handlerRates([readings])) {
      rows.push(handlerRow(nameOf(view), rates));
    }
  }
  const together = handlerRates(all).map((rates) => handlerRow("", rates));
  const busiest = (one: PageHandler, two: PageHandler): number =>
    two.perSecond - one.perSecond || two.inFlight - one.inFlight;
  return [...together.sort(busiest), ...rows.sort(busiest)].slice(0, MAX_ROWS);
}

function handlerRow(node: string, rates: CallRates): PageHandler {
  return {
    handler: foreign(rates.handler),
    side: rates.side,
    kind: rates.kind,
    node,
    perSecond: rates.perSecond,
    errorsPerSecond: rates.errorsPerSecond,
    p50Ms: percentile(rates.p50Ms),
    p95Ms: percentile(rates.p95Ms),
    p99Ms: percentile(rates.p99Ms),
    inFlight: rates.inFlight,
  };
}

/** The calls in flight that have taken longest, and how many there are. */
export function callsOf(
  views: readonly NodeView[],
  moment: Moment,
): { readonly calls: readonly PageCall[]; readonly inFlight: number } {
  const calls: PageCall[] = [];
  let inFlight = 0;
  for (const view of views) {
    const latest = view.readings.at(-1);
    if (latest === undefined || stateOf(view, moment) !== "up") continue;
    const rows = latest.figures?.rows ?? [];
    const counted = rows.reduce((sum, row) => sum + row.inFlight, 0);
    inFlight += Math.max(counted, latest.calls.length);
    for (const call of latest.calls) calls.push(callRow(nameOf(view), call));
  }
  calls.sort((one, two) => two.ageMs - one.ageMs);
  return { calls: calls.slice(0, MAX_CALLS), inFlight };
}

function callRow(node: string, call: AdminCall): PageCall {
  return {
    node,
    direction: call.direction,
    kind: call.kind,
    handler: withSubroute(call),
    host: foreign(call.host),
    state: foreign(call.state),
    ageMs: call.ageMs,
    leftMs: known(call.leftMs),
    attempt: call.attempt,
    messages: call.stream === null ? null : [call.stream.sent, call.stream.received],
  };
}

/** A call that has ended. */
export function traceRow(node: string, call: TracedCall): PageTrace {
  return {
    timeMs: call.timeMs,
    node,
    direction: call.direction,
    kind: call.kind,
    handler: withSubroute(call),
    host: foreign(call.host),
    durationMs: call.durationMs,
    error: call.error === null ? null : foreign(call.error),
  };
}

function withSubroute(call: { readonly handler: string; readonly subroute: string }): string {
  return foreign(call.subroute === "" ? call.handler : `${call.handler}/${call.subroute}`);
}
