/**
 * Whether the peer is still there.
 *
 * @module
 */

import type { SessionTimes } from "./session_options.ts";

/** A timer that comes later than this shows that this process itself was held up. */
const LAG_MS = 50;
/** A process that was held up reads on for so long before it gives a peer up. */
const READING_MS = 1000;

/** What is to be done when a timer has come. */
export type LivenessStep =
  | { readonly kind: "nothing" }
  | { readonly kind: "ping"; readonly token: number }
  | { readonly kind: "lost"; readonly reason: string };

/**
 * Any byte of the peer's is a sign of life. Pings ask for one, at intervals; a
 * peer that gives none for too long, does not finish the handshake or takes
 * no bytes off us is lost. When this process was itself held up, the peer's
 * bytes may wait unread, so it gets that much more time.
 */
export class Liveness {
  /** When the last ping was answered, and how long that took, in milliseconds. */
  lastPing: { readonly atMs: number; readonly roundTripMs: number } | null = null;

  readonly #times: SessionTimes;
  #handshakeUntilMs: number;
  #receivedMs: number;
  #nextPingMs = Infinity;
  #writingSinceMs = Infinity;
  #token = 0;
  #pingSentMs = 0;
  /** Whether the peer has had time for what may wait unread, since something came last. */
  #forgiven = false;

  /** */
  constructor(times: SessionTimes, nowMs: number) {
    this.#times = times;
    this.#handshakeUntilMs = nowMs + times.handshakeTimeoutMs;
    this.#receivedMs = nowMs;
  }

  /** When `onTimer` is due. */
  get nextDeadlineMs(): number {
    if (this.#handshakeUntilMs !== Infinity) return this.#handshakeUntilMs;
    const { livenessTimeoutMs } = this.#times;
    return Math.min(
      this.#nextPingMs,
      this.#receivedMs + livenessTimeoutMs,
      this.#writingSinceMs + livenessTimeoutMs,
    );
  }

  /** The handshake is done. */
  onOpen(nowMs: number): void {
    this.#handshakeUntilMs = Infinity;
    this.#nextPingMs = nowMs + this.#times.pingIntervalMs;
  }

  /** Something came. */
  onReceived(nowMs: number): void {
    this.#receivedMs = nowMs;
    this.#forgiven = false;
  }

  /** A write has begun. */
  onWriteBegun(nowMs: number): void {
    this.#writingSinceMs = nowMs;
  }

  /** All that was begun is written. */
  onWritten(): void {
    this.#writingSinceMs = Infinity;
  }

  /** A ping was answered. */
  onPong(token: number, nowMs: number): void {
    if (token === this.#token) {
      this.lastPing = { atMs: nowMs, roundTripMs: nowMs - this.#pingSentMs };
    }
  }

  /**
   * Time has passed.
   *
   * @param dueMs When this should have been called.
   */
  onTimer(nowMs: number, dueMs: number): LivenessStep {
    const { handshakeTimeoutMs, livenessTimeoutMs, pingIntervalMs } = this.#times;
    if (nowMs >= this.#handshakeUntilMs) {
      return {
        kind: "lost",
        reason: `The handshake was not done within ${handshakeTimeoutMs} ms.`,
      };
    }
    const lagMs = nowMs - dueMs;
    if (lagMs > LAG_MS) {
      this.#receivedMs += lagMs;
      this.#writingSinceMs += lagMs;
    }
    if (lagMs > LAG_MS && !this.#forgiven && nowMs >= this.#receivedMs + livenessTimeoutMs) {
      // What came at last may wait unread: timers run before sockets are read.
      this.#forgiven = true;
      this.#receivedMs = nowMs - livenessTimeoutMs + Math.min(READING_MS, livenessTimeoutMs);
    }
    if (nowMs >= this.#receivedMs + livenessTimeoutMs) {
      return { kind: "lost", reason: `The peer gave no sign of life for ${livenessTimeoutMs} ms.` };
    }
    if (nowMs >= this.#writingSinceMs + livenessTimeoutMs) {
      return { kind: "lost", reason: `The peer has taken no bytes for ${livenessTimeoutMs} ms.` };
    }
    if (nowMs < this.#nextPingMs) return NOTHING;
    this.#nextPingMs = nowMs + pingIntervalMs;
    this.#pingSentMs = nowMs;
    this.#token = (this.#token + 1) >>> 0;
    return { kind: "ping", token: this.#token };
  }
}

const NOTHING: LivenessStep = { kind: "nothing" };
