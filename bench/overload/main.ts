/**
 * What is left of a server when more is asked of it than it can do:
 * `deno task bench:overload`.
 *
 * @module
 */

import {
  CommandLine,
  flag,
  list,
  oneOf,
  readLine,
  seconds,
  whole,
} from "../../tools/command_line/command_line.ts";
import { quantile } from "../support/quantile.ts";
import { printTable } from "../support/table.ts";
import { Cast } from "./cast.ts";
import {
  type FullLoad,
  type Held,
  type LimitKind,
  LIMITS,
  type Order,
  type Outcome,
  type Stage,
  WORK_KINDS,
  type WorkKind,
} from "./work.ts";

const LINE = new CommandLine(
  "deno task bench:overload",
  "Calls come at a rate that rises to five times what the server can do, and falls again: how many are answered in time.",
  {
    kinds: list("handlers", "KIND,…", WORK_KINDS, oneOf(WORK_KINDS)),
    limits: list("limits of them", "LIMIT,…", LIMITS, oneOf(LIMITS)),
    seconds: seconds("how long each step of the ramp takes", 2),
    clients: whole("processes that call", { from: 1, fallback: 2 }),
    connections: whole("connections of each of them", { from: 1, fallback: 4 }),
    timeoutMs: whole("how long a call may take, in milliseconds", { from: 1, fallback: 500 }),
    json: flag("one line of JSON for each handler and limit"),
  },
);

/** The ramp, in parts of what the handler can do. */
const RAMP = [0.5, 0.9, 2, 5, 0.5] as const;
/** What it can do is measured with so many calls of each client under way: more than it has places. */
const IN_FLIGHT = 16;
/** Where it is highest. */
const TOP = RAMP.indexOf(5);
/** With this part of its calls answered in time, a server has recovered. */
const RECOVERED = 0.95;
/** So many tenths of a second in a row show that it has. */
const TENTHS = 3;

interface Step {
  readonly ofCapacity: number;
  readonly offered: number;
  readonly goodput: number;
  readonly refused: number;
  readonly late: number;
  readonly failed: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

interface Line {
  readonly kind: WorkKind;
  readonly limit: LimitKind;
  /** Calls a second that the handler can serve. */
  readonly capacity: number;
  readonly steps: readonly Step[];
  readonly ofPeak: number;
  readonly recoveryMs: number;
  readonly heapMiB: number;
  readonly residentMiB: number;
}

const line = readLine(LINE);

function castOf(kind: WorkKind, limit: LimitKind): Promise<Cast> {
  return Cast.of(kind, limit, line.clients, line.connections);
}

/** Calls a second that are answered where none is too many. */
async function capacityOf(kind: WorkKind): Promise<number> {
  await using cast = await castOf(kind, "none");
  const order: FullLoad = { inFlight: IN_FLIGHT, seconds: line.seconds };
  const rates = await Promise.all(cast.clients.map((one) => one.ask<number>("saturate", order)));
  return rates.reduce((sum, rate) => sum + rate, 0);
}

async function measure(kind: WorkKind, limit: LimitKind, capacity: number): Promise<Line> {
  await using cast = await castOf(kind, limit);
  const { server, clients } = cast;
  const stages = RAMP.map((part): Stage => ({
    perSecond: capacity * part / line.clients,
    seconds: line.seconds,
  }));
  const outcomes = await Promise.all(clients.map((one, index) => {
    const order: Order = { stages, timeoutMs: line.timeoutMs, seed: index + 1 };
    return one.ask<Outcome>("run", order);
  }));
  const held = await server.ask<Held>("held");
  const steps = RAMP.map((_, index) => stepOf(outcomes, index));
  const best = Math.max(...steps.map(({ goodput }) => goodput));
  return {
    kind,
    limit,
    capacity,
    steps,
    ofPeak: steps[TOP]!.goodput / best,
    recoveryMs: recoveryOf(outcomes),
    heapMiB: held.heapBytes / 2 ** 20,
    residentMiB: held.residentBytes / 2 ** 20,
  };
}

function stepOf(outcomes: readonly Outcome[], index: number): Step {
  const all = outcomes.map(({ stages }) => stages[index]!);
  const rate = (of: "sent" | "good" | "refused" | "late" | "failed"): number =>
    all.reduce((sum, each) => sum + each[of], 0) / line.seconds;
  const tookMs = all.flatMap((each) => each.tookMs).sort((a, b) => a - b);
  return {
    ofCapacity: RAMP[index]!,
    offered: rate("sent"),
    goodput: rate("good"),
    refused: rate("refused"),
    late: rate("late"),
    failed: rate("failed"),
    p50Ms: quantile(tookMs, 0.5),
    p99Ms: quantile(tookMs, 0.99),
  };
}

/** How long after the top of the ramp calls are answered in time again; `Infinity` if they never are. */
function recoveryOf(outcomes: readonly Outcome[]): number {
  const first = Math.round((TOP + 1) * line.seconds * 10);
  const last = Math.max(...outcomes.map(({ tenths }) => tenths.length));
  const isGood = (tenth: number): boolean => {
    const of = (what: "sent" | "good"): number =>
      outcomes.reduce((sum, { tenths }) => sum + (tenths[tenth]?.[what] ?? 0), 0);
    return of("good") >= RECOVERED * of("sent");
  };
  for (let tenth = first; tenth + TENTHS <= last; tenth++) {
    if (Array.from({ length: TENTHS }, (_, at) => tenth + at).every(isGood)) {
      return (tenth - first) * 100;
    }
  }
  return Infinity;
}

function show(
  { kind, limit, capacity, steps, ofPeak, recoveryMs, heapMiB, residentMiB }: Line,
): void {
  const whole = (value: number): string => Math.round(value).toLocaleString("en");
  console.log(
    `\n${kind}, ${limit}, of ${whole(capacity)} calls a second: ${
      whole(ofPeak * 100)
    } % of its peak at 5 times the capacity; ` +
      `recovers in ${whole(recoveryMs)} ms; ` +
      `heap ${whole(heapMiB)} MiB, resident ${whole(residentMiB)} MiB`,
  );
  const rows = [["load", "offered", "in time", "refused", "late", "failed", "p50 ms", "p99 ms"]];
  for (const step of steps) {
    const { ofCapacity, offered, goodput, refused, late, failed, p50Ms, p99Ms } = step;
    const counts = [offered, goodput, refused, late, failed].map(whole);
    rows.push([`${ofCapacity} ×`, ...counts, p50Ms.toFixed(1), p99Ms.toFixed(1)]);
  }
  printTable(rows);
}

for (const kind of line.kinds) {
  const capacity = await capacityOf(kind);
  for (const limit of line.limits) {
    const result = await measure(kind, limit, capacity);
    if (line.json) console.log(JSON.stringify(result));
    else show(result);
  }
}
