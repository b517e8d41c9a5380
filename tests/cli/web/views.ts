/**
 * Answers of nodes, for tests.
 *
 * @module
 */

import type { AdminCall, AdminFigures, AdminRemote, AdminStatus } from "@internode/grid/admin";
import type { NodeProblem, NodeView, Reading } from "../../../lib/cli/web/node_view.ts";

/** A remote of that name. */
export function remoteOf(host: string, more: Partial<AdminRemote> = {}): AdminRemote {
  return {
    host,
    address: "",
    state: "connected",
    instance: "i",
    identity: null,
    clockSkewMs: 0,
    lastFailure: "",
    runningHandlers: 0,
    sendWindowBytes: 0,
    heldBytes: 0,
    replica: null,
    stats: { roundTripMs: 1, bytesSent: 0, bytesReceived: 0 },
    ...more,
  };
}

/** The status of a node of that name. */
export function statusOf(name: string, more: Partial<AdminStatus> = {}): AdminStatus {
  return {
    kind: "grid",
    name,
    version: "1.2.3",
    runtime: "deno 2.9.6",
    processId: 1,
    timeMs: 0,
    uptimeMs: 5_000,
    phase: "open",
    addresses: [name],
    logLevel: "info",
    options: {},
    stats: { callsOut: 1, callsIn: 2 },
    loopDelay: { looks: 10, meanMs: 1, p99Ms: 2, maxMs: 3, lastMs: 1 },
    memory: { residentBytes: 1e6, heapUsedBytes: 0, heapTotalBytes: 0, externalBytes: 0 },
    remotes: [],
    guests: [],
    certificates: [],
    ...more,
  };
}

/** What was counted of one handler: `ended` calls, all in the first bucket. */
export function figuresOf(ended: number, more: Partial<AdminFigures> = {}): AdminFigures {
  return {
    side: "server",
    kind: "single",
    handler: "cart.read",
    host: "tcp://b:1",
    ended,
    totalMs: ended,
    buckets: [ended, 0, 0],
    failed: new Map(),
    inFlight: 0,
    ...more,
  };
}

/** An answer at a time, in milliseconds. */
export function readingOf(
  askedMs: number,
  status: AdminStatus,
  rows: readonly AdminFigures[] = [],
  calls: readonly AdminCall[] = [],
  instance = "life-1",
): Reading {
  return {
    askedMs,
    roundTripMs: 0.5,
    status,
    figures: { atMs: askedMs, timeMs: askedMs, instance, boundsMs: [1, 2], rows },
    calls,
    health: { ready: { ok: true, problems: [] }, alive: { ok: true, problems: [] } },
  };
}

/** A node with these answers, the last of which has just come. */
export function viewOf(
  host: string,
  readings: readonly Reading[],
  problem: NodeProblem | null = null,
): NodeView {
  return { host, readings, answeredMs: readings.at(-1)?.askedMs ?? null, problem };
}

/** A call in flight. */
export function callOf(ageMs: number, more: Partial<AdminCall> = {}): AdminCall {
  return {
    direction: "incoming",
    kind: "single",
    handler: "cart.read",
    subroute: "",
    host: "tcp://b:1",
    state: "running",
    ageMs,
    leftMs: Infinity,
    attempt: 1,
    stream: null,
    ...more,
  };
}
