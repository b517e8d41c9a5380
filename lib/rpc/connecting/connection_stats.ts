/**
 * What is counted for each connection.
 *
 * @module
 */

import type { ErrorCode } from "../../errors.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { Link } from "../../driver/link.ts";
import { OpenedStream } from "../../session/calls/opened_stream.ts";
import { AcceptedStream } from "../../session/calls/accepted_stream.ts";
import { AnswerCounts } from "../../session/frames/answer_counts.ts";
import type { ConnectionState } from "../contract/connection_state.ts";
import { DOUBLE_ZERO } from "../../wire/double_zero.ts";

/** How many calls ended how: `"OK"`, or the error's code. */
export type CallCounts = Readonly<Record<ErrorCode | "OK", number>>;

/** Counters of one connection, or of several together. */
export interface TrafficStats {
  /** Bytes written, framing included. */
  readonly bytesSent: number;
  /** Bytes read, framing included. */
  readonly bytesReceived: number;
  /** How often polling the socket has received bytes before the runtime did, see option `spinUs`; 0 if polling is impossible. */
  readonly polledReads: number;
  /** Requests, responses and stream messages sent. */
  readonly messagesSent: number;
  /** Requests, responses and stream messages received. */
  readonly messagesReceived: number;
  /** Batches sent: the messages of one turn leave in one. */
  readonly batchesSent: number;
  /** Calls of this side that have not ended, streams included. */
  readonly callsOut: number;
  /** Calls of the peer that are being served, streams included; not those answered in the turn in which they arrived. */
  readonly callsIn: number;
  /** How the calls of the peer have ended: all that reached this side, including those for which no handler ran. */
  readonly answeredCalls: CallCounts;
  /** How many calls of the peer were refused by an `allow` rule. */
  readonly refusedCalls: number;
  /** Streams open, of either side. */
  readonly streamsOpen: number;
  /** Bytes of messages that wait to be sent. */
  readonly queuedBytes: number;
}

/** A snapshot of a connection's counters; totals continue over reconnects. */
export interface ConnectionStats extends TrafficStats {
  /** Its state. */
  readonly state: ConnectionState;
  /** How often it was made again after a loss. */
  readonly reconnects: number;
  /** How often a new connection replaced an older one that was still good. */
  readonly renewals: number;
  /** When the last ping was answered, in milliseconds since 1970; `null` before the first. */
  readonly lastPingMs: number | null;
  /** How long the answer to the last ping took, in milliseconds; `null` before the first. */
  readonly roundTripMs: number | null;
}

/** A snapshot of the counters of a service's client, over the connections to all replicas; those that have ended are included. */
export interface ClientStats extends TrafficStats {
  /** How many connections are open. */
  readonly connections: number;
  /** How many calls wait for a replica. */
  readonly waitingCalls: number;
}

/** A snapshot of a server's counters; those of connections that have ended are included. */
export interface ServerStats extends TrafficStats {
  /** How many connections are open, those in their handshake included. */
  readonly connections: number;
  /** How many handlers run, those included whose calls have ended. */
  readonly runningCalls: number;
}

/** The counters that continue over reconnects. */
export class ConnectionTotals {
  /** How often the connection was made. */
  connects = 0;
  /** How often it was renewed. */
  renewals = 0;
  /** How many calls of the peer were refused by a rule. */
  refusedCalls = 0;
  /** How many handlers run for the peer now, including those whose calls have ended. */
  running = 0;
  readonly #openLinks: () => readonly Link[];
  readonly #answers = new AnswerCounts();
  #bytesSent: number = DOUBLE_ZERO;
  #bytesReceived: number = DOUBLE_ZERO;
  #polledReads = 0;
  #messagesSent: number = DOUBLE_ZERO;
  #messagesReceived: number = DOUBLE_ZERO;
  #batchesSent: number = DOUBLE_ZERO;

  /** @param openLinks Returns the open links, the newest last. */
  constructor(openLinks: () => readonly Link[]) {
    this.#openLinks = openLinks;
  }

  /** Whether the peer has calls on a link that was renewed. */
  get renewing(): boolean {
    const older = this.#openLinks().slice(0, -1);
    return older.some(({ session }) => session.incoming.calls.active > 0);
  }

  /** Adds the counts of a link that has ended. */
  add(link: Link): void {
    this.#answers.add(link.session.incoming.answers);
    this.#bytesSent += link.bytesSent;
    this.#bytesReceived += link.bytesReceived;
    this.#polledReads += link.polledReads;
    this.#messagesSent += link.session.messagesSent;
    this.#messagesReceived += link.session.messagesReceived;
    this.#batchesSent += link.session.batchesSent;
  }

  /** How the calls of the peer have ended, over all links. */
  answers(): AnswerCounts {
    const answers = new AnswerCounts();
    answers.add(this.#answers);
    for (const { session } of this.#openLinks()) answers.add(session.incoming.answers);
    return answers;
  }

  /** The totals, including the open connections. */
  traffic(): TrafficStats {
    const open = this.#openLinks();
    const sum = (of: (link: Link) => number): number =>
      open.reduce((total, each) => total + of(each), 0);
    return {
      bytesSent: this.#bytesSent + sum(({ bytesSent }) => bytesSent),
      bytesReceived: this.#bytesReceived + sum(({ bytesReceived }) => bytesReceived),
      polledReads: this.#polledReads + sum(({ polledReads }) => polledReads),
      messagesSent: this.#messagesSent + sum(({ session }) => session.messagesSent),
      messagesReceived: this.#messagesReceived + sum(({ session }) => session.messagesReceived),
      batchesSent: this.#batchesSent + sum(({ session }) => session.batchesSent),
      callsOut: sum(({ session }) => session.outgoing.calls.active),
      callsIn: sum(({ session }) => session.incoming.calls.active),
      answeredCalls: countsOf(this.answers()),
      refusedCalls: this.refusedCalls,
      streamsOpen: sum(({ session }) =>
        countStreams(session.outgoing.calls) + countStreams(session.incoming.calls)
      ),
      queuedBytes: sum(({ session }) => session.queuedBytes),
    };
  }

  /**
   * The same, with the state of the connection.
   *
   * @param link The current link.
   * @param clock The wall clock.
   */
  snapshot(state: ConnectionState, link: Link | null, clock: Clock): ConnectionStats {
    const lastPing = link?.session.keepalive.lastPing ?? null;
    return {
      ...this.traffic(),
      state,
      reconnects: Math.max(0, this.connects - 1),
      renewals: this.renewals,
      lastPingMs: lastPing === null ? null : lastPing.atMs + clock.wallNow() - clock.now(),
      roundTripMs: lastPing === null ? null : lastPing.roundTripMs,
    };
  }
}

/** Counters of several connections together. */
export function sumOfTraffic(all: readonly TrafficStats[]): TrafficStats {
  const sum: Record<string, number> = {}, answeredCalls: Record<string, number> = {};
  const none = new ConnectionTotals(() => []).traffic();
  for (const stats of [none, ...all]) {
    for (const [name, count] of Object.entries(stats.answeredCalls)) {
      answeredCalls[name] = (answeredCalls[name] ?? 0) + count;
    }
    for (const name of Object.keys(none)) {
      const value = stats[name as keyof TrafficStats];
      if (typeof value === "number") sum[name] = (sum[name] ?? 0) + value;
    }
  }
  return { ...none, ...sum, answeredCalls: answeredCalls as CallCounts };
}

function countsOf(answers: AnswerCounts): CallCounts {
  const of = (code: ErrorCode): number => answers.failed(code);
  return {
    OK: answers.ok + 0,
    Unreachable: of("Unreachable"),
    Disconnected: of("Disconnected"),
    DeadlineExceeded: of("DeadlineExceeded"),
    Cancelled: of("Cancelled"),
    UnknownHandler: of("UnknownHandler"),
    HandlerFailed: of("HandlerFailed"),
    InvalidPayload: of("InvalidPayload"),
    MessageTooLarge: of("MessageTooLarge"),
    Overloaded: of("Overloaded"),
    Unauthenticated: of("Unauthenticated"),
    PermissionDenied: of("PermissionDenied"),
    ProtocolError: of("ProtocolError"),
    Closed: of("Closed"),
    InvalidArgument: of("InvalidArgument"),
    GoingAway: of("GoingAway"),
    NotListed: of("NotListed"),
  };
}

function countStreams(calls: Iterable<unknown>): number {
  let count = 0;
  for (const call of calls) {
    if (call instanceof OpenedStream || call instanceof AcceptedStream) count++;
  }
  return count;
}
