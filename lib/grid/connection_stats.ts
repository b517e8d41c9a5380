/**
 * What is counted for each connection.
 *
 * @module
 */

import type { Link } from "../net/link.ts";
import { OpenedStream } from "../session/opened_stream.ts";
import { AcceptedStream } from "../session/accepted_stream.ts";
import type { ConnectionState } from "./connection_state.ts";

/** A snapshot of a connection's counters; totals go on over reconnects. */
export interface ConnectionStats {
  /** Where it stands. */
  readonly state: ConnectionState;
  /** Bytes written, framing included. */
  readonly bytesSent: number;
  /** Bytes read, framing included. */
  readonly bytesReceived: number;
  /** Requests, responses and stream messages sent. */
  readonly messagesSent: number;
  /** Requests, responses and stream messages received. */
  readonly messagesReceived: number;
  /** Batches sent: the messages of one turn leave in one. */
  readonly batchesSent: number;
  /** How often it was made again after a loss. */
  readonly reconnects: number;
  /** When the last ping was answered, in milliseconds since 1970; `null` before the first. */
  readonly lastPingMs: number | null;
  /** How long the answer to the last ping took, in milliseconds; `null` before the first. */
  readonly roundTripMs: number | null;
  /** Calls of this side that are under way, streams included. */
  readonly callsOut: number;
  /** Calls of the peer that are being served, streams included; not those answered in the turn they came. */
  readonly callsIn: number;
  /** Streams open, of either side. */
  readonly streamsOpen: number;
  /** Bytes of messages that wait to be sent. */
  readonly queuedBytes: number;
}

/** The counters that go on over reconnects. */
export class ConnectionTotals {
  /** How often the connection was made. */
  connects = 0;
  #bytesSent = 0;
  #bytesReceived = 0;
  #messagesSent = 0;
  #messagesReceived = 0;
  #batchesSent = 0;

  /** Keeps what a link that has ended has counted. */
  add(link: Link): void {
    this.#bytesSent += link.bytesSent;
    this.#bytesReceived += link.bytesReceived;
    this.#messagesSent += link.session.messagesSent;
    this.#messagesReceived += link.session.messagesReceived;
    this.#batchesSent += link.session.batchesSent;
  }

  /** The totals with those of the present link. */
  snapshot(
    state: ConnectionState,
    link: Link | null,
    toWallMs: (ms: number) => number,
  ): ConnectionStats {
    const session = link?.session ?? null;
    const lastPing = session?.lastPing ?? null;
    return {
      state,
      bytesSent: this.#bytesSent + (link?.bytesSent ?? 0),
      bytesReceived: this.#bytesReceived + (link?.bytesReceived ?? 0),
      messagesSent: this.#messagesSent + (session?.messagesSent ?? 0),
      messagesReceived: this.#messagesReceived + (session?.messagesReceived ?? 0),
      batchesSent: this.#batchesSent + (session?.batchesSent ?? 0),
      reconnects: Math.max(0, this.connects - 1),
      lastPingMs: lastPing === null ? null : toWallMs(lastPing.atMs),
      roundTripMs: lastPing === null ? null : lastPing.roundTripMs,
      callsOut: session?.caller.calls.active ?? 0,
      callsIn: session?.responder.calls.active ?? 0,
      streamsOpen: session === null
        ? 0
        : countStreams(session.caller.calls) + countStreams(session.responder.calls),
      queuedBytes: session?.queuedBytes ?? 0,
    };
  }
}

function countStreams(calls: Iterable<unknown>): number {
  let count = 0;
  for (const call of calls) {
    if (call instanceof OpenedStream || call instanceof AcceptedStream) count++;
  }
  return count;
}
