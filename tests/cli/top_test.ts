/** The live table, without hosts. @module */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { AdminStatus } from "../../lib/admin/status_contract.ts";
import type { FiguresResponse } from "../../lib/admin/figures_contract.ts";
import { noColours } from "../../lib/cli/output/paint.ts";
import type { HostState, Sample } from "../../lib/cli/top/sample.ts";
import { handlerRows, nodeRows } from "../../lib/cli/top/top_rows.ts";
import { TopView } from "../../lib/cli/top/top_view.ts";
import { statusOf } from "./web/views.ts";

const SCREEN = { width: 100, height: 20, paint: noColours };

function sample(atMs: number, ok: number, failed: number, more: Partial<AdminStatus> = {}): Sample {
  const status = statusOf("a", {
    uptimeMs: atMs,
    stats: {
      callsIn: 1,
      callsOut: 2,
      queuedBytes: 0,
      bytesSent: 100 * ok,
      bytesReceived: 10 * ok,
      answeredCalls: { OK: ok, HandlerFailed: failed },
    },
    memory: { residentBytes: 1_048_576, heapUsedBytes: 0, heapTotalBytes: 0, externalBytes: 0 },
    ...more,
  });
  return { atMs, status, figures: figures(atMs, ok) };
}

function figures(atMs: number, ended: number): FiguresResponse {
  const buckets = [ended, 0];
  const row = { side: "server", kind: "single", handler: "get", host: "b", failed: new Map() };
  return {
    atMs,
    timeMs: 0,
    instance: "one",
    boundsMs: [1],
    rows: [{ ...row, ended, totalMs: ended, buckets, inFlight: 3 }],
  };
}

const up: HostState = {
  host: "tcp://a:1",
  before: sample(1_000, 10, 0),
  after: sample(3_000, 30, 4),
  problem: null,
};
const busy: HostState = {
  ...up,
  host: "tcp://b:2",
  before: sample(1_000, 0, 0),
  after: sample(2_000, 500, 0),
};
const down: HostState = {
  host: "tcp://c:3",
  before: null,
  after: null,
  problem: { code: "Unreachable", message: "Nobody listens there." },
};

Deno.test("rates are those between two samples of one life", () => {
  const [row] = nodeRows([up]);
  assertEquals([row!.callsPerSecond, row!.errorsPerSecond, row!.sentPerSecond], [12, 2, 1_000]);
  const others: readonly HostState[] = [
    { ...up, before: null },
    { ...up, before: sample(1_000, 10, 0, { processId: 8 }) },
    { ...up, before: sample(1_000, 10, 0, { uptimeMs: 9_000 }) },
  ];
  for (const state of others) assert(Number.isNaN(nodeRows([state])[0]!.callsPerSecond));
  const odd = { ...up, after: sample(3_000, 0, 0, { stats: { answeredCalls: "?" } }) };
  assert(Number.isNaN(nodeRows([odd])[0]!.callsIn));
});

Deno.test("a handler's row has the error with which most of its calls failed of late", () => {
  const failing = (atMs: number, failed: readonly Record<string, number>[]): Sample => {
    const { rows: [row], ...rest } = figures(atMs, 20);
    const rows = failed.map((codes, at) => ({
      ...row!,
      host: `tcp://${at}:1`,
      failed: new Map(Object.entries(codes)),
    }));
    return { ...sample(atMs, 0, 0), figures: { ...rest, rows } };
  };
  const before = failing(1_000, [{ HandlerFailed: 90 }, {}]);
  const after = failing(2_000, [{ HandlerFailed: 95, Overloaded: 3 }, { Overloaded: 4 }]);
  const errorOf = (state: HostState): string => handlerRows([state])[0]!.error;
  assertEquals(errorOf({ ...up, before, after }), "Overloaded");
  assertEquals(errorOf({ ...up, before: after, after }), "");
  assertEquals(errorOf({ ...up, before: null, after }), "");
});

Deno.test("the table shows who answers, and why others do not", () => {
  const view = new TopView("node", undefined, Infinity);
  const text = view.draw([up, down], 0, SCREEN);
  assertMatch(text, /^internode top {2}00:00:00 {2}1 of 2 hosts answers {2}by HOST/);
  assertMatch(text, /\ntcp:\/\/a:1 +open +1 +2 +12 +2 /);
  assertStringIncludes(text, "\ntcp://c:3  Unreachable: Nobody listens there.");
  for (const line of text.split("\n")) assert(line.length <= SCREEN.width, line);
  assertEquals(view.draw([up, down], 0, { ...SCREEN, height: 3 }).split("\n").length, 2);
});

Deno.test("keys sort, reverse, change the rows, pause and quit", () => {
  const view = new TopView("node", "callsPerSecond", Infinity);
  const firsts = (): string[] =>
    view.table([up, busy], SCREEN).trim().split("\n").slice(1).map((line) => line.split(" ")[0]!);
  assertEquals(firsts(), ["tcp://b:2", "tcp://a:1"]);
  view.press("r");
  assertEquals(firsts(), ["tcp://a:1", "tcp://b:2"]);
  view.press("r");
  view.press("o");
  assertStringIncludes(view.draw([up], 0, SCREEN), "by ERR/S");
  assertEquals(firsts(), ["tcp://a:1", "tcp://b:2"]);
  view.press("O");
  assertStringIncludes(view.draw([up], 0, SCREEN), "by CALLS/S");
  view.press("?");
  assertStringIncludes(view.draw([up], 0, SCREEN), "  q      quits");
  view.press("h");
  view.press("v");
  assertMatch(view.draw([up], 0, SCREEN), /\nHANDLER +NODE.*\nget +tcp:\/\/a:1 +in +10 +0 +3 /);
  view.press(" ");
  assert(view.isPaused);
  assertEquals([view.press("x"), view.press("q")], [false, true]);
});

Deno.test("only so many rows are shown, and JSON has the same", () => {
  const view = new TopView("node", "callsPerSecond", 1);
  const { nodes, problems } = view.json([up, busy, down]) as {
    nodes: { host: string }[];
    problems: { host: string }[];
  };
  assertEquals(nodes.map(({ host }) => host), ["tcp://b:2"]);
  assertEquals(problems.map(({ host }) => host), ["tcp://c:3"]);
});
