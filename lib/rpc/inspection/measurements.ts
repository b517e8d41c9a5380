/**
 * The figures of a node, client or server that can be read at any time.
 *
 * @module
 */

import type { MeasuredPoint, Measurement } from "../contract/meter.ts";
import type { CountsByName } from "../metering/face_figures.ts";
import type { Inspection, Remote } from "./inspection.ts";

/** More calls than there can be. */
const ALL = Number.MAX_SAFE_INTEGER;

/**
 * Reads all figures. Times are in seconds and sizes in bytes, as systems of
 * metrics want them. Figures of a host are those of a peer or replica: clients
 * of a server choose their names themselves, and come and go, so a server's are
 * those of all its clients together.
 */
export function measurementsOf(face: Inspection): readonly Measurement[] {
  const remotes = face.kind === "server" ? [] : face.remotes();
  return [
    ...ofFace(face),
    ...ofTraffic(face, remotes),
    ...ofHosts(remotes),
    ...ofCalls(face),
    ...ofHandlers(face),
  ];
}

function ofFace(face: Inspection): readonly Measurement[] {
  const stats = face.stats(), delay = face.loopDelay(), { figures } = face;
  const isServing = face.kind !== "client";
  return [
    gauge("internode.uptime", "s", "How long ago it was made.", one(face.uptimeMs / 1_000)),
    gauge(
      "internode.draining",
      "1",
      "1 while it takes no new calls, as it is closing.",
      one(face.phase === "open" ? 0 : 1),
    ),
    gauge(
      "internode.connections",
      "{connection}",
      "Open connections.",
      one(stats.connections),
    ),
    gauge(
      "internode.server.running_handlers",
      "{handler}",
      "Handlers that run, those included whose calls have ended.",
      isServing ? one(stats.runningCalls) : [],
    ),
    gauge(
      "internode.client.waiting_calls",
      "{call}",
      "Calls that wait for a connection or a replica.",
      face.kind === "server" ? [] : one(stats.waitingCalls),
    ),
    counter(
      "internode.server.refused_calls",
      "{call}",
      "Calls that an allow rule has refused.",
      isServing ? one(stats.refusedCalls) : [],
    ),
    counter(
      "internode.client.retries",
      "{attempt}",
      "Further attempts of calls that had failed.",
      counts("handler", figures.retries),
    ),
    counter(
      "internode.client.hedges",
      "{attempt}",
      "Attempts beside one that took long.",
      counts("handler", figures.hedges),
    ),
    counter(
      "internode.client.ejections",
      "{ejection}",
      "How often a replica was set aside, as too many calls to it failed.",
      counts("host", figures.setAside),
    ),
    gauge(
      "internode.event_loop.delay.mean",
      "s",
      "How late timers of the event loop were in the last ten seconds, on average.",
      one(delay.meanMs / 1_000),
    ),
    gauge(
      "internode.event_loop.delay.p99",
      "s",
      "What 99 of 100 of those delays did not exceed.",
      one(delay.p99Ms / 1_000),
    ),
    gauge(
      "internode.event_loop.delay.max",
      "s",
      "The longest of those delays.",
      one(delay.maxMs / 1_000),
    ),
    gauge(
      "internode.certificate.expiry_timestamp",
      "s",
      "When a certificate or list ends, in seconds since 1970: this side's own, or that of a host.",
      certificates(face),
    ),
  ];
}

/** What both sides have sent: of each host, or of all clients together. */
function ofTraffic(face: Inspection, remotes: readonly Remote[]): readonly Measurement[] {
  const all = face.kind === "server"
    ? [{ attributes: {}, stats: face.stats() }]
    : remotes.map(({ host, stats }) => ({ attributes: { host }, stats }));
  type Stats = typeof all[number]["stats"];
  const points = (valueOf: (stats: Stats) => number): readonly MeasuredPoint[] =>
    all.map(({ attributes, stats }) => ({ value: valueOf(stats), attributes }));
  return [
    counter(
      "internode.connection.sent",
      "By",
      "Bytes written, framing included.",
      points(({ bytesSent }) => bytesSent),
    ),
    counter(
      "internode.connection.received",
      "By",
      "Bytes read, framing included.",
      points(({ bytesReceived }) => bytesReceived),
    ),
    counter(
      "internode.connection.sent_messages",
      "{message}",
      "Requests, responses and stream messages sent.",
      points(({ messagesSent }) => messagesSent),
    ),
    counter(
      "internode.connection.received_messages",
      "{message}",
      "Requests, responses and stream messages received.",
      points(({ messagesReceived }) => messagesReceived),
    ),
    counter(
      "internode.connection.sent_batches",
      "{batch}",
      "Batches sent: the messages of one turn leave in one.",
      points(({ batchesSent }) => batchesSent),
    ),
    gauge(
      "internode.connection.send_queue",
      "By",
      "Bytes of messages that wait to be sent.",
      points(({ queuedBytes }) => queuedBytes),
    ),
    gauge(
      "internode.connection.streams",
      "{stream}",
      "Open streams, of either side.",
      points(({ streamsOpen }) => streamsOpen),
    ),
    gauge(
      "internode.connection.outgoing_calls",
      "{call}",
      "Calls of this side that have not ended, streams included.",
      points(({ callsOut }) => callsOut),
    ),
    gauge(
      "internode.connection.incoming_calls",
      "{call}",
      "Calls of the other side that have not ended, streams included.",
      points(({ callsIn }) => callsIn),
    ),
  ];
}

/** What there is for each peer or replica only. */
function ofHosts(remotes: readonly Remote[]): readonly Measurement[] {
  const points = (valueOf: (remote: Remote) => number | null): readonly MeasuredPoint[] =>
    remotes.flatMap((remote) => {
      const value = valueOf(remote), attributes = { host: remote.host };
      return value === null || Number.isNaN(value) ? [] : [{ value, attributes }];
    });
  return [
    gauge(
      "internode.connection.up",
      "1",
      "1 while there is a connection with the host.",
      points(({ state }) => state === "connected" ? 1 : 0),
    ),
    counter(
      "internode.connection.reconnects",
      "{connection}",
      "How often the connection was made again after a loss.",
      points(({ stats }) => stats.reconnects),
    ),
    counter(
      "internode.connection.renewals",
      "{connection}",
      "How often a new connection replaced one that was still good.",
      points(({ stats }) => stats.renewals),
    ),
    gauge(
      "internode.connection.round_trip",
      "s",
      "How long the answer to the last ping took.",
      points(({ stats: { roundTripMs } }) => roundTripMs === null ? null : roundTripMs / 1_000),
    ),
    gauge(
      "internode.connection.clock_skew",
      "s",
      "How far the host's wall clock is ahead.",
      points(({ clockSkewMs }) => clockSkewMs / 1_000),
    ),
    gauge(
      "internode.connection.send_window",
      "By",
      "How many more bytes of messages the host takes now.",
      points(({ sendWindowBytes }) => sendWindowBytes),
    ),
    gauge(
      "internode.connection.receive_held",
      "By",
      "Bytes of the host that are received and not consumed.",
      points(({ heldBytes }) => heldBytes),
    ),
    gauge(
      "internode.replica.set_aside",
      "1",
      "1 while the replica gets no calls, as too many failed.",
      points(({ replica }) => replica === null ? null : Number(replica.isSetAside)),
    ),
    gauge(
      "internode.replica.latency",
      "s",
      "How long recent calls of the replica took, as a moving average.",
      points(({ replica }) => replica === null ? null : replica.latencyMs / 1_000),
    ),
  ];
}

/** Calls that have not ended, by handler and by where they stand. */
function ofCalls(face: Inspection): readonly Measurement[] {
  const found = new Map<string, { count: number; readonly attributes: Record<string, string> }>();
  for (const { direction, handler, state } of face.calls({ limit: ALL })) {
    const side = direction === "outgoing" ? "client" : "server";
    const key = `${side} ${state} ${handler}`, known = found.get(key);
    if (known === undefined) found.set(key, { count: 1, attributes: { side, handler, state } });
    else known.count++;
  }
  const points = [...found.values()].map(({ count, attributes }) => ({ value: count, attributes }));
  return [
    gauge(
      "internode.calls",
      "{call}",
      "Calls that have not ended, by where they stand.",
      points,
    ),
  ];
}

/** Handlers that have a limit. */
function ofHandlers(face: Inspection): readonly Measurement[] {
  const limited = face.handlers().filter(({ concurrency }) => concurrency < Infinity);
  const points = (of: "running" | "waiting" | "concurrency"): readonly MeasuredPoint[] =>
    merged(
      limited.map((handler) => ({ value: handler[of], attributes: { handler: handler.name } })),
      // Its subroutes may have limits of their own.
      (one, other) => one + other,
    );
  return [
    gauge(
      "internode.handler.running",
      "{call}",
      "Calls that run, of handlers with a limit.",
      points("running"),
    ),
    gauge(
      "internode.handler.queue",
      "{call}",
      "Calls that wait for a place of their handler.",
      points("waiting"),
    ),
    gauge(
      "internode.handler.concurrency",
      "{call}",
      "How many calls of the handler may run at a time.",
      points("concurrency"),
    ),
  ];
}

function certificates(face: Inspection): readonly MeasuredPoint[] {
  const isServer = face.kind === "server";
  const ends = face.certificates().filter(({ whose }) => !isServer || whose !== "remote");
  const points = ends.map(({ whose, host, expiresMs }): MeasuredPoint => ({
    value: expiresMs / 1_000,
    attributes: host === "" ? { whose } : { whose, host },
  }));
  return merged(points, Math.min);
}

/** Several with the same attributes as one. */
function merged(
  points: readonly MeasuredPoint[],
  combine: (one: number, other: number) => number,
): readonly MeasuredPoint[] {
  const byKey = new Map<string, MeasuredPoint>();
  for (const point of points) {
    const key = JSON.stringify(point.attributes), known = byKey.get(key);
    const value = known === undefined ? point.value : combine(known.value, point.value);
    byKey.set(key, { value, attributes: point.attributes });
  }
  return [...byKey.values()];
}

function counter(
  name: string,
  unit: string,
  description: string,
  points: readonly MeasuredPoint[],
): Measurement {
  return { name, kind: "counter", unit, description, points };
}

function gauge(
  name: string,
  unit: string,
  description: string,
  points: readonly MeasuredPoint[],
): Measurement {
  return { name, kind: "gauge", unit, description, points };
}

function one(value: number): readonly MeasuredPoint[] {
  return [{ value, attributes: {} }];
}

function counts(attribute: string, by: CountsByName): readonly MeasuredPoint[] {
  return [...by].map(([name, value]) => ({ value, attributes: { [attribute]: name } }));
}
