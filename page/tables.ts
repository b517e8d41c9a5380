/**
 * The tables of handlers, calls and nodes.
 *
 * @module
 */

import type { PageCall, PageHandler, PageNode, PageTrace } from "../lib/cli/web/page_state.ts";
import { amount, bytes, clockTime, NOTHING, plainName, time } from "./format.ts";
import { STATE_WORDS } from "./mesh_view.ts";
import { type Column, Table } from "./table.ts";

const GRAVE = new Set(["silent", "down"]);

function column<Row>(
  title: string,
  text: (row: Row) => string,
  order?: (row: Row) => number | string,
  more: Partial<Column<Row>> = {},
): Column<Row> {
  return { title, text, ...order === undefined ? {} : { order }, ...more };
}

function number<Row>(
  title: string,
  value: (row: Row) => number | null,
  format: (value: number | null) => string,
  mark?: (row: Row) => string,
): Column<Row> {
  const order = (row: Row): number => value(row) ?? -1;
  return column(title, (row) => format(value(row)), order, {
    isNumber: true,
    ...mark === undefined ? {} : { mark },
  });
}

/** A percentile beyond what is measured comes first. */
function percentile(
  title: string,
  value: (row: PageHandler) => number | null,
): Column<PageHandler> {
  return {
    ...number(title, value, time),
    order: (row) => {
      const ms = value(row);
      return ms === null ? -1 : ms < 0 ? Infinity : ms;
    },
  };
}

/** Makes the table of handlers. */
export function handlersTable(): Table<PageHandler> {
  return new Table<PageHandler>(
    "Handlers",
    [
      column("Handler", ({ handler }) => handler, ({ handler }) => handler, {
        wraps: true,
      }),
      column("Side", ({ side }) => side === "server" ? "served" : "called", ({ side }) => side),
      column("Kind", ({ kind }) => kind, ({ kind }) => kind),
      number("Calls/s", ({ perSecond }) => perSecond, amount),
      number(
        "Errors/s",
        ({ errorsPerSecond }) => errorsPerSecond,
        amount,
        ({ errorsPerSecond }) => errorsPerSecond > 0 ? "bad" : "",
      ),
      percentile("p50", ({ p50Ms }) => p50Ms),
      percentile("p95", ({ p95Ms }) => p95Ms),
      percentile("p99", ({ p99Ms }) => p99Ms),
      number("In flight", ({ inFlight }) => inFlight, (value) => String(value)),
    ],
    ({ handler, side, kind, node }) => JSON.stringify([handler, side, kind, node]),
    3,
    "No calls so far. Counting begins when a node is asked for the first time.",
  );
}

/** Makes the table of calls in flight. */
export function callsTable(): Table<readonly [string, PageCall]> {
  return new Table<readonly [string, PageCall]>(
    "Calls in flight",
    [
      column(
        "Handler",
        ([, { handler }]) => handler,
        ([, { handler }]) => handler,
        { wraps: true },
      ),
      column(
        "Node",
        ([, { node }]) => plainName(node),
        ([, { node }]) => node,
        {
          wraps: true,
        },
      ),
      column(
        "Direction",
        ([, { direction }]) => direction === "incoming" ? "serves" : "calls",
        ([, { direction }]) => direction,
      ),
      column(
        "Other side",
        ([, { host }]) => plainName(host) || NOTHING,
        ([, { host }]) => host,
        {
          wraps: true,
        },
      ),
      column("State", ([, { state }]) => state, ([, { state }]) => state),
      number(
        "Age",
        ([, { ageMs }]) => ageMs,
        time,
        ([, { ageMs, kind }]) => kind === "single" && ageMs > 1_000 ? "warn" : "",
      ),
      number("Time left", ([, { leftMs }]) => leftMs, time),
      number("Attempt", ([, { attempt }]) => attempt, (value) => String(value)),
      column(
        "Messages",
        ([, { messages }]) => messages === null ? NOTHING : `${messages[0]} out, ${messages[1]} in`,
      ),
    ],
    ([key]) => key,
    5,
    "No calls in flight.",
  );
}

/** Makes the table of calls that have ended. */
export function traceTable(): Table<readonly [string, PageTrace]> {
  type Row = readonly [string, PageTrace];
  const columns: readonly Column<Row>[] = [
    column<Row>("Time", ([, { timeMs }]) => clockTime(timeMs)),
    column<Row>("Handler", ([, { handler }]) => handler, undefined, {
      wraps: true,
    }),
    column<Row>("Node", ([, { node }]) => plainName(node), undefined, {
      wraps: true,
    }),
    column<Row>("Direction", ([, { direction }]) => direction === "incoming" ? "serves" : "calls"),
    column<Row>(
      "Other side",
      ([, { host }]) => plainName(host) || NOTHING,
      undefined,
      {
        wraps: true,
      },
    ),
    column<Row>("Took", ([, { durationMs }]) => time(durationMs), undefined, {
      isNumber: true,
    }),
    column<Row>("Result", ([, { error }]) => error ?? "ok", undefined, {
      mark: ([, { error }]) => error === null ? "" : "bad",
    }),
  ];
  const empty = "No call that the filter lets through has ended yet.";
  return new Table<Row>("Calls that have ended", columns, ([key]) => key, -1, empty);
}

/** Makes the table of nodes. */
export function nodesTable(): Table<PageNode> {
  const fact = <Fact>(
    node: PageNode,
    of: (facts: NonNullable<PageNode["facts"]>) => Fact,
  ) => node.facts === null ? null : of(node.facts);
  return new Table<PageNode>(
    "Nodes",
    [
      column("Node", ({ id }) => id, ({ id }) => id, { wraps: true }),
      column("State", ({ state }) => STATE_WORDS[state], ({ state }) => state, {
        mark: ({ state }) => GRAVE.has(state) ? "bad" : state === "warning" ? "warn" : "",
      }),
      column("Kind", ({ kind }) => kind, ({ kind }) => kind),
      column(
        "Peers",
        (node) =>
          fact(node, (facts) => `${facts.connected} of ${facts.remotes}`) ??
            NOTHING,
      ),
      number("Calls/s", ({ rates }) => rates?.perSecond ?? null, amount),
      number(
        "Errors/s",
        ({ rates }) => rates?.errorsPerSecond ?? null,
        amount,
        ({ rates }) => (rates?.errorsPerSecond ?? 0) > 0 ? "bad" : "",
      ),
      number("p99", ({ rates }) => rates?.p99Ms ?? null, time),
      number("Round trip", ({ roundTripMs }) => roundTripMs, time),
      number("Loop late", (node) => fact(node, ({ loopDelayMs }) => loopDelayMs), time),
      number(
        "Memory",
        (node) => fact(node, ({ memoryBytes }) => memoryBytes),
        (value) => value === null ? NOTHING : bytes(value),
      ),
      number("Uptime", (node) => fact(node, ({ uptimeMs }) => uptimeMs), time),
      column("Runs on", (node) => fact(node, ({ runtime }) => runtime) ?? NOTHING),
      column("Version", (node) => fact(node, ({ version }) => version) ?? NOTHING),
    ],
    ({ id }) => id,
    0,
    "No node is asked.",
  );
}
