/**
 * Whether the peer is alive.
 *
 * @module
 */

import type { SessionOptions, SessionTimes } from "./frames/session_options.ts";
import { RoundTrip } from "./calls/round_trip.ts";
import { DOUBLE_ZERO } from "../wire/double_zero.ts";

/** A timer that fires later than this shows that this process was blocked. */
const LAG_MS = 50;
/** How long a process that was blocked keeps reading before it counts a peer as lost. */
const READING_MS = 1000;

/** Pings are due at multiples of this part of their interval, so that those of many connections leave, and wake the process, together. */
const STEPS_OF_INTERVAL = 10;
/** So many pings of the peer in a row stand in for this side's own, which alone measure the round trip. */
const MAX_SPARED_PINGS = 5;

/** If this much bulk is in flight, the peer must acknowledge some of it when it reads. */
const UNTAKEN_BYTES = 32 * 1024;

/** What to do when a timer has fired. */
export type KeepaliveStep =
  | { readonly kind: "nothing" }
  | {
    readonly kind: "ping";
    readonly token: number;
    /** Whether the ping before was answered, so that pings of streams could have been too. */
    readonly wasAnswered: boolean;
  }
  | { readonly kind: "lost"; readonly reason: string };

/**
 * Any received byte shows that the peer is alive, and pings ask for some at
 * intervals. A peer is lost if it sends nothing for too long, does not finish
 * the handshake, or reads nothing. If this process was blocked, received bytes
 * may be unread, so the peer gets that much more time.
 */
export class Keepalive {
  /** When the last ping was answered, and how long that took, in milliseconds. */
  lastPing: { readonly atMs: number; readonly roundTripMs: number } | null = null;

  /** How far away the peer is. */
  readonly roundTrip: RoundTrip = new RoundTrip();

  readonly #handshakeTimeoutMs: number;
  readonly #pingIntervalMs: number;
  readonly #livenessTimeoutMs: number;
  #handshakeUntilMs: number;
  #receivedMs: number;
  #nextPingMs = Infinity;
  #writingSinceMs = Infinity;
  #untakenSinceMs = Infinity;
  #arrivedBytes: number = DOUBLE_ZERO;
  #token = 0;
  #answered = 0;
  #pingSentMs: number = DOUBLE_ZERO;
  #sparedPings = 0;
  /** Whether the extra time after a blocked process was given, since the last received byte. */
  #forgiven = false;

  /** */
  constructor(times: SessionTimes & Pick<SessionOptions, "handshakeUsedMs">, nowMs: number) {
    this.#handshakeTimeoutMs = times.handshakeTimeoutMs;
    this.#pingIntervalMs = times.pingIntervalMs;
    this.#livenessTimeoutMs = times.livenessTimeoutMs;
    this.#handshakeUntilMs = nowMs + times.handshakeTimeoutMs - (times.handshakeUsedMs ?? 0);
    this.#receivedMs = nowMs;
  }

  /** When `onTimer` is due. */
  get nextDeadlineMs(): number {
    if (this.#handshakeUntilMs !== Infinity) return this.#handshakeUntilMs;
    const livenessTimeoutMs = this.#livenessTimeoutMs;
    return Math.min(
      this.#nextPingMs,
      this.#receivedMs + livenessTimeoutMs,
      this.#writingSinceMs + livenessTimeoutMs,
      this.#untakenSinceMs + livenessTimeoutMs,
    );
  }

  /** The handshake is done. */
  onOpen(nowMs: number): void {
    this.#handshakeUntilMs = Infinity;
    this.#nextPingMs = this.#pingAfter(nowMs);
  }

  /** When a ping is due after a sign of life: an interval later, or up to a tenth of it sooner. */
  #pingAfter(nowMs: number): number {
    const stepMs = this.#pingIntervalMs / STEPS_OF_INTERVAL;
    return Math.floor((nowMs + this.#pingIntervalMs) / stepMs) * stepMs;
  }

  /**
   * The peer has sent a ping, and waits for the answer: this side needs none of
   * its own then, unless its last one was not answered.
   */
  onPing(nowMs: number): void {
    if (this.lastPing === null || this.#answered !== this.#token) return;
    if (this.#sparedPings++ < MAX_SPARED_PINGS) this.#nextPingMs = this.#pingAfter(nowMs);
  }

  /** Bytes were received. */
  onReceived(nowMs: number): void {
    this.#receivedMs = nowMs;
    this.#forgiven = false;
  }

  /** A write has begun. */
  onWriteBegun(nowMs: number): void {
    this.#writingSinceMs = nowMs;
  }

  /** A part of what is being sent was written. */
  onTaken(nowMs: number): void {
    if (this.#writingSinceMs !== Infinity) this.#writingSinceMs = nowMs;
    if (this.#untakenSinceMs !== Infinity) this.#untakenSinceMs = nowMs;
  }

  /** Everything that was begun is written. */
  onWritten(): void {
    this.#writingSinceMs = Infinity;
  }

  /**
   * How much bulk is in flight, and how much has arrived in all. No more is
   * sent than the path holds, so writes alone do not show a peer that does not
   * read.
   */
  onBulk(underWayBytes: number, arrivedBytes: number, nowMs: number): void {
    if (underWayBytes < UNTAKEN_BYTES) {
      this.#untakenSinceMs = Infinity;
    } else if (this.#untakenSinceMs === Infinity || arrivedBytes !== this.#arrivedBytes) {
      this.#untakenSinceMs = nowMs;
    }
    this.#arrivedBytes = arrivedBytes;
  }

  /** A ping was answered. */
  onPong(token: number, nowMs: number): void {
    // An unexpected or repeated answer says nothing about the round trip.
    if (token === this.#token && token !== this.#answered) {
      this.#answered = token;
      const roundTripMs = nowMs - this.#pingSentMs;
      this.lastPing = { atMs: nowMs, roundTripMs };
      this.roundTrip.note(roundTripMs, nowMs);
    }
  }

  /**
   * Time has passed.
   *
   * @param dueMs When this should have been called.
   */
  onTimer(nowMs: number, dueMs: number): KeepaliveStep {
    const livenessTimeoutMs = this.#livenessTimeoutMs;
    if (nowMs >= this.#handshakeUntilMs) {
      return {
        kind: "lost",
        reason: `The handshake did not complete within ${this.#handshakeTimeoutMs} ms.`,
      };
    }
    const lagMs = nowMs - dueMs;
    if (lagMs > LAG_MS) {
      this.#receivedMs += lagMs;
      this.#writingSinceMs += lagMs;
      this.#untakenSinceMs += lagMs;
    }
    if (lagMs > LAG_MS && !this.#forgiven && nowMs >= this.#receivedMs + livenessTimeoutMs) {
      // What came at last may wait unread: timers run before sockets are read.
      this.#forgiven = true;
      this.#receivedMs = nowMs - livenessTimeoutMs + Math.min(READING_MS, livenessTimeoutMs);
    }
    if (nowMs >= this.#receivedMs + livenessTimeoutMs) {
      return {
        kind: "lost",
        reason: `The peer has sent nothing for ${livenessTimeoutMs} ms (livenessTimeoutMs).`,
      };
    }
    if (nowMs >= Math.min(this.#writingSinceMs, this.#untakenSinceMs) + livenessTimeoutMs) {
      return {
        kind: "lost",
        reason: `The peer has read nothing for ${livenessTimeoutMs} ms (livenessTimeoutMs).`,
      };
    }
    if (nowMs < this.#nextPingMs) return NOTHING;
    this.#nextPingMs = this.#pingAfter(nowMs);
    this.#sparedPings = 0;
    const wasAnswered = this.#answered === this.#token;
    return { kind: "ping", token: this.ask(nowMs), wasAnswered };
  }

  /** A ping is sent: gives its token. Answers to those before it are not heard any more. */
  ask(nowMs: number): number {
    this.#pingSentMs = nowMs;
    return this.#token = (this.#token + 1) >>> 0;
  }
}

const NOTHING: KeepaliveStep = { kind: "nothing" };
