/**
 * Nodes and their connections, put together of what each node tells.
 *
 * @module
 */

import { counted } from "../../foreign/text_of.ts";
import type { AdminRemote, AdminStatus } from "../../admin/status_contract.ts";
import { plainText } from "../../foreign/plain_text.ts";
import type { NodeView, Reading } from "./node_view.ts";
import { known, lately, servedRates } from "./numbers.ts";
import type { NodeFacts, NodeState, PageEdge, PageNode } from "./page_state.ts";

/** After how long without an answer a node is silent, in milliseconds. */
export const SILENT_MS = 2_000;
/** From when on a certificate's end is a problem, in milliseconds before it. */
const CERTIFICATE_SOON_MS = 7 * 86_400_000;
/** How late an event loop may be without being a problem, in milliseconds. */
const LOOP_LATE_MS = 200;
/** What is told of a node that does not answer, and has not gone. */
const SILENT = "It does not answer: its process may be stopped, or too busy.";
/** States of connections that are no problem. */
const GOOD = new Set(["connected", "idle"]);
/** How many nodes are shown beside those that are asked. */
const MAX_OTHERS = 48;
/** The longest text of a node that is shown, in UTF-16 units. */
const MAX_TEXT = 300;

/** Nodes and connections. */
export interface Mesh {
  /** Nodes, those that are asked first. */
  readonly nodes: readonly PageNode[];
  /** How many others there are. */
  readonly hiddenNodes: number;
  /** Connections between `nodes`. */
  readonly edges: readonly PageEdge[];
}

/** When it is. */
export interface Moment {
  /** The monotonic clock of this process, in milliseconds. */
  readonly nowMs: number;
  /** Its wall clock, in milliseconds since 1970. */
  readonly wallMs: number;
}

/** A text of a node, on one line. */
export function foreign(text: string): string {
  return plainText(text, MAX_TEXT);
}

/** What a node is called: as it says, or by the URL that it is asked by until it has said something. */
export function nameOf({ host, readings }: NodeView): string {
  return foreign(readings.at(-1)?.status.name || host);
}

/** How a node fares, as far as its answers tell; not yet whether something is wrong with it. */
export function stateOf({ answeredMs, problem }: NodeView, { nowMs }: Moment): NodeState {
  if (problem !== null) return problem.isLate ? "silent" : "down";
  if (answeredMs === null) return "waiting";
  return nowMs - answeredMs <= SILENT_MS ? "up" : "silent";
}

/**
 * Puts the nodes together.
 *
 * @param ownName What this tool calls itself: it is not shown. Default: it is.
 */
export function meshOf(views: readonly NodeView[], moment: Moment, ownName = ""): Mesh {
  const asked = new Map<
    string,
    { readonly view: NodeView; readonly state: NodeState }
  >();
  for (const view of views) {
    const id = nameOf(view), state = stateOf(view, moment);
    // Two URLs of one node: the one that answers counts.
    if (asked.get(id)?.state !== "up") asked.set(id, { view, state });
  }
  const others = new Set<string>(),
    hidden = new Set<string>(),
    edges = new Map<string, PageEdge>();
  for (const [id, { view, state }] of asked) {
    for (const remote of view.readings.at(-1)?.status.remotes ?? []) {
      const host = foreign(remote.host);
      if (host === "" || host === id || host === ownName) continue;
      if (!asked.has(host) && !others.has(host) && others.size >= MAX_OTHERS) {
        hidden.add(host);
        continue;
      }
      if (!asked.has(host)) others.add(host);
      const side = sideOf(id, host, remote, view.readings, state === "up");
      const key = `${side.a}\n${side.b}`, other = edges.get(key);
      edges.set(key, other === undefined ? side : merged(other, side));
    }
  }
  const isAway = (id: string): boolean => (asked.get(id)?.state ?? "up") !== "up";
  const nodes = Array.from(asked, ([id, { view, state }]) => {
    const latest = view.readings.at(-1),
      isHeard = state === "up" && latest !== undefined;
    const problems = isHeard
      ? problemsOf(latest, moment, isAway)
      : state === "silent"
      ? [SILENT]
      : view.problem === null
      ? []
      : [foreign(view.problem.message)];
    return askedNode(
      id,
      view,
      isHeard && problems.length > 0 ? "warning" : state,
      problems,
      moment,
    );
  });
  return {
    nodes: [...nodes, ...Array.from(others, otherNode)],
    hiddenNodes: hidden.size,
    edges: [...edges.values()],
  };
}

function askedNode(
  id: string,
  view: NodeView,
  state: NodeState,
  problems: readonly string[],
  { nowMs }: Moment,
): PageNode {
  const latest = view.readings.at(-1), readings = lately(view.readings);
  const isHeard = state === "up" || state === "warning";
  return {
    id,
    kind: latest?.status.kind ?? "unknown",
    state,
    problems,
    answeredMs: view.answeredMs === null ? null : nowMs - view.answeredMs,
    roundTripMs: isHeard ? latest?.roundTripMs ?? null : null,
    facts: latest === undefined ? null : factsOf(latest.status),
    rates: isHeard && readings !== null ? servedRates([readings]) : null,
  };
}

/**
 * What is wrong with a node that answers.
 *
 * @param isAway Whether a node is known not to answer: that others have lost it is its problem alone.
 */
function problemsOf(
  { status, health }: Reading,
  { wallMs }: Moment,
  isAway: (id: string) => boolean,
): string[] {
  const problems = new Set<string>();
  for (const verdict of [health?.alive, health?.ready]) {
    if (verdict?.ok === false) {
      for (const each of verdict.problems) problems.add(foreign(each));
    }
  }
  if (status.phase !== "open") problems.add(`It is ${foreign(status.phase)}.`);
  const lost = status.kind === "grid"
    ? status.remotes.filter(({ host, state }) => !GOOD.has(state) && !isAway(foreign(host)))
    : [];
  if (lost.length > 0) {
    const more = lost.length > 1 ? ` and ${lost.length - 1} more` : "";
    problems.add(`It is not connected with ${foreign(lost[0]!.host)}${more}.`);
  }
  const { p99Ms } = status.loopDelay;
  if (p99Ms > LOOP_LATE_MS) {
    problems.add(`Its event loop is late: one turn in 100 by ${Math.round(p99Ms)} ms or more.`);
  }
  const ends = certificateEnd(status);
  if (ends !== null && ends - wallMs < CERTIFICATE_SOON_MS) {
    problems.add(certificateProblem(ends - wallMs));
  }
  return [...problems];
}

function certificateProblem(leftMs: number): string {
  const hours = Math.round(leftMs / 3_600_000);
  if (hours <= 0) {
    return "A certificate that it uses has ended, or does within the hour.";
  }
  const left = hours < 72 ? counted(hours, "hour") : counted(Math.round(hours / 24), "day");
  return `A certificate that it uses ends in ${left}.`;
}

function certificateEnd({ certificates }: AdminStatus): number | null {
  const ends = certificates.filter(({ whose }) => whose !== "remote")
    .map(({ expiresMs }) => expiresMs).filter(Number.isFinite);
  return ends.length === 0 ? null : Math.min(...ends);
}

function factsOf(status: AdminStatus): NodeFacts {
  const { remotes, stats } = status;
  return {
    version: foreign(status.version),
    runtime: foreign(status.runtime),
    processId: status.processId,
    uptimeMs: status.uptimeMs,
    phase: foreign(status.phase),
    logLevel: foreign(status.logLevel),
    addresses: status.addresses.slice(0, 8).map(foreign),
    connected: remotes.filter(({ state }) => state === "connected").length,
    remotes: remotes.length,
    loopDelayMs: known(status.loopDelay.p99Ms),
    memoryBytes: status.memory.residentBytes,
    certificateMs: certificateEnd(status),
    callsOut: known(stats["callsOut"]) ?? 0,
    callsIn: known(stats["callsIn"]) ?? 0,
  };
}

function otherNode(id: string): PageNode {
  return {
    id,
    kind: "other",
    state: "unasked",
    problems: [],
    answeredMs: null,
    roundTripMs: null,
    facts: null,
    rates: null,
  };
}

/** A connection as one of its sides tells of it. */
function sideOf(
  own: string,
  host: string,
  remote: AdminRemote,
  readings: readonly Reading[],
  isHeard: boolean,
): PageEdge {
  const isFirst = own < host;
  const sent = isHeard ? rateOf(remote, readings, "bytesSent") : 0;
  const received = isHeard ? rateOf(remote, readings, "bytesReceived") : 0;
  return {
    a: isFirst ? own : host,
    b: isFirst ? host : own,
    state: isHeard ? foreign(remote.state) : "unknown",
    failure: isHeard && remote.state !== "connected" ? foreign(remote.lastFailure) : "",
    roundTripMs: isHeard && remote.state === "connected"
      ? known(remote.stats["roundTripMs"])
      : null,
    sentBytes: isFirst ? sent : received,
    receivedBytes: isFirst ? received : sent,
  };
}

/** How much a total of a connection has grown a second lately. */
function rateOf({ host }: AdminRemote, readings: readonly Reading[], figure: string): number {
  const totals = readings.flatMap(({ askedMs, status }) => {
    const remote = status.remotes.find((each) => each.host === host);
    const total = known(remote?.stats[figure]);
    return total === null ? [] : [{ askedMs, total, of: status.processId }];
  });
  const last = totals.at(-1), first = totals.find(({ of }) => of === last?.of);
  if (
    last === undefined || first === undefined || last.askedMs <= first.askedMs
  ) return 0;
  return Math.max(0, (last.total - first.total) / (last.askedMs - first.askedMs) * 1_000);
}

/** What both sides say. The less good state counts, as a side that has lost the other may be the only one to know. */
function merged(one: PageEdge, two: PageEdge): PageEdge {
  const known = [one, two].filter(({ state }) => state !== "unknown");
  const worst = known.find(({ state }) => state !== "connected") ?? known[0] ??
    one;
  const times = known.flatMap(({ roundTripMs }) => roundTripMs === null ? [] : [roundTripMs]);
  return {
    ...worst,
    failure: worst.failure || one.failure || two.failure,
    roundTripMs: times.length === 0 ? null : Math.min(...times),
    sentBytes: Math.max(one.sentBytes, two.sentBytes),
    receivedBytes: Math.max(one.receivedBytes, two.receivedBytes),
  };
}
