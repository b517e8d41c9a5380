/**
 * The rows of the live table: nodes, and their handlers.
 *
 * @module
 */

import { callRates } from "../../admin/call_rates.ts";
import type { AdminFigures, FiguresResponse } from "../../admin/figures_contract.ts";
import type { Figures } from "../../admin/status_contract.ts";
import { callsBetween } from "../asking/counted_calls.ts";
import { bytesText, countText, timeText } from "../output/figures.ts";
import type { Column } from "../output/table.ts";
import { handlerText } from "../output/call_texts.ts";
import type { HostState, Sample } from "./sample.ts";

/** A column by which rows can be sorted. */
export interface SortableColumn<Row> extends Column<Row> {
  /** What it is called in JSON, and for sorting. */
  readonly key: string;
  /** What is sorted: texts from A on, numbers from the largest on. */
  readonly value: (row: Row) => string | number;
}

/** A node, or a server of services. */
export interface NodeRow {
  readonly host: string;
  readonly phase: string;
  readonly callsIn: number;
  readonly callsOut: number;
  /** Calls served in a second; `NaN` while that is not known, as all rates. */
  readonly callsPerSecond: number;
  readonly errorsPerSecond: number;
  readonly receivedPerSecond: number;
  readonly sentPerSecond: number;
  readonly queuedBytes: number;
  readonly connected: number;
  readonly remotes: number;
  readonly loopDelayMs: number;
  readonly residentBytes: number;
  readonly uptimeMs: number;
  readonly version: string;
}

/** The calls of one handler of one node, in one direction. */
export interface HandlerRow {
  readonly host: string;
  readonly direction: string;
  readonly handler: string;
  readonly callsPerSecond: number;
  readonly errorsPerSecond: number;
  /** The code with which most of them failed; `""` if none did. */
  readonly error: string;
  readonly inFlight: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
}

function column<Row>(
  title: string,
  key: keyof Row & string,
  text: (value: number) => string,
): SortableColumn<Row> {
  const value = (row: Row): number => row[key] as number;
  return { title, key, value, of: (row) => text(value(row)), isNumber: true };
}

function textColumn<Row>(
  title: string,
  key: keyof Row & string,
  mayBeCut: boolean,
): SortableColumn<Row> {
  const value = (row: Row): string => row[key] as string;
  return { title, key, value, of: value, mayBeCut };
}

function errorColumn<Row extends { readonly errorsPerSecond: number }>(): SortableColumn<Row> {
  return {
    ...column<Row>("ERR/S", "errorsPerSecond", countText),
    of: ({ errorsPerSecond: rate }) => ({
      text: countText(rate),
      tone: rate > 0 ? "bad" : "plain",
    }),
  };
}

/** The columns of nodes. */
export const NODE_COLUMNS: readonly SortableColumn<NodeRow>[] = [
  textColumn("HOST", "host", true),
  {
    ...textColumn<NodeRow>("STATE", "phase", false),
    of: ({ phase }) => phase === "open" ? phase : { text: phase, tone: "warning" },
  },
  column("IN", "callsIn", countText),
  column("OUT", "callsOut", countText),
  column("CALLS/S", "callsPerSecond", countText),
  errorColumn(),
  {
    ...column<NodeRow>("PEERS", "connected", countText),
    of: ({ connected, remotes }) => ({
      text: `${connected}/${remotes}`,
      tone: connected < remotes ? "warning" : "plain",
    }),
  },
  column("LOOP", "loopDelayMs", timeText),
  column("MEM", "residentBytes", bytesText),
  column("RECV/S", "receivedPerSecond", bytesText),
  column("SENT/S", "sentPerSecond", bytesText),
  column("QUEUE", "queuedBytes", bytesText),
  column("UP", "uptimeMs", timeText),
  textColumn("VERSION", "version", false),
];

/** The columns of handlers. */
export const HANDLER_COLUMNS: readonly SortableColumn<HandlerRow>[] = [
  textColumn("HANDLER", "handler", true),
  textColumn("NODE", "host", true),
  textColumn("DIR", "direction", false),
  column("CALLS/S", "callsPerSecond", countText),
  errorColumn(),
  textColumn("ERROR", "error", false),
  column("FLYING", "inFlight", countText),
  column("P50", "p50Ms", slowText),
  column("P95", "p95Ms", slowText),
  column("P99", "p99Ms", slowText),
];

/** Beyond the last bucket a time is not known. */
function slowText(ms: number): string {
  return ms === Infinity ? ">67s" : timeText(ms);
}

/** One row for each host that has answered. */
export function nodeRows(states: readonly HostState[]): readonly NodeRow[] {
  return states.flatMap((state) => state.after === null ? [] : [nodeRow(state, state.after)]);
}

function nodeRow({ host, before, after: last }: HostState, { status }: Sample): NodeRow {
  const { stats, remotes, phase, loopDelay, memory, uptimeMs, version } = status;
  const earlier = sameLife(before, last) ? before!.status : null;
  const seconds = earlier === null ? NaN : (last!.atMs - before!.atMs) / 1_000;
  const rate = (of: (stats: Figures) => number): number =>
    earlier === null ? NaN : Math.max(0, of(stats) - of(earlier.stats)) / seconds;
  const answered = rate((all) => answersOf(all, true));
  const connected = remotes.filter(({ state }) => state === "connected").length;
  return {
    host,
    phase,
    callsIn: figure(stats, "callsIn"),
    callsOut: figure(stats, "callsOut"),
    callsPerSecond: answered,
    errorsPerSecond: rate((all) => answersOf(all, false)),
    receivedPerSecond: rate((all) => figure(all, "bytesReceived")),
    sentPerSecond: rate((all) => figure(all, "bytesSent")),
    queuedBytes: figure(stats, "queuedBytes"),
    connected,
    remotes: remotes.length,
    loopDelayMs: loopDelay.p99Ms,
    residentBytes: memory.residentBytes,
    uptimeMs,
    version,
  };
}

/** One row for each handler of each host that has answered, in each direction. */
export function handlerRows(states: readonly HostState[]): readonly HandlerRow[] {
  return states.flatMap(({ host, before, after }) => {
    const figures = after?.figures ?? null;
    if (figures === null) return [];
    const errors = errorsOf(before?.figures ?? null, figures);
    return callRates(before?.figures ?? null, figures, false).map((rates): HandlerRow => ({
      host,
      direction: rates.side === "server" ? "in" : "out",
      handler: handlerText({ handler: rates.handler, subroute: "" }),
      callsPerSecond: rates.perSecond,
      errorsPerSecond: rates.errorsPerSecond,
      error: errors.get(keyOf(rates)) ?? "",
      inFlight: rates.inFlight,
      p50Ms: rates.p50Ms,
      p95Ms: rates.p95Ms,
      p99Ms: rates.p99Ms,
    }));
  });
}

/** The most usual error of each handler, in each direction. */
function errorsOf(
  before: FiguresResponse | null,
  after: FiguresResponse,
): ReadonlyMap<string, string> {
  if (before === null) return new Map();
  const counts = new Map<string, Map<string, number>>();
  for (const { row, failed } of callsBetween(before, after)) {
    const codes = counts.get(keyOf(row)) ?? new Map<string, number>();
    counts.set(keyOf(row), codes);
    for (const [code, count] of failed) codes.set(code, (codes.get(code) ?? 0) + count);
  }
  return new Map(Array.from(counts, ([key, codes]) => {
    const [first] = [...codes].sort(([, one], [, other]) => other - one);
    return [key, first?.[0] ?? ""];
  }));
}

function keyOf(
  { side, kind, handler }: Pick<AdminFigures, "side" | "kind" | "handler">,
): string {
  return `${side} ${kind} ${handler}`;
}

/** Sorts rows by a column: numbers from the largest on, unknown ones last, texts from A on. */
export function sortRows<Row>(
  rows: readonly Row[],
  { value }: Pick<SortableColumn<Row>, "value">,
  isReversed: boolean,
): readonly Row[] {
  const sign = isReversed ? -1 : 1;
  return [...rows].sort((one, other) => {
    const a = value(one), b = value(other);
    if (typeof a === "string" || typeof b === "string") {
      return sign * (String(a) < String(b) ? -1 : String(a) > String(b) ? 1 : 0);
    }
    if (Number.isNaN(a) || Number.isNaN(b)) {
      return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
    }
    return a === b ? 0 : sign * (b > a ? 1 : -1);
  });
}

/** Totals begin anew with each life of a process. */
function sameLife(before: Sample | null, after: Sample | null): boolean {
  return before !== null && after !== null && after.atMs > before.atMs &&
    before.status.processId === after.status.processId &&
    after.status.uptimeMs >= before.status.uptimeMs;
}

function figure(stats: Figures, name: string): number {
  const value = stats[name];
  return typeof value === "number" ? value : NaN;
}

/** How many calls were answered in all, or those that failed. */
function answersOf(stats: Figures, all: boolean): number {
  const counts = stats["answeredCalls"];
  if (typeof counts !== "object" || counts === null) return NaN;
  const entries: readonly (readonly [unknown, unknown])[] = counts instanceof Map
    ? [...counts]
    : Object.entries(counts);
  return entries.reduce(
    (sum, [code, count]) => all || code !== "OK" ? sum + Number(count) : sum,
    0,
  );
}
