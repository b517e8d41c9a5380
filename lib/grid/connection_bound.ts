/**
 * How many connections a node keeps open.
 *
 * @module
 */

import type { Clock, Timer } from "../runtime/clock.ts";
import type { GridPeer } from "./grid_peer.ts";

/** So often it is looked again while too many have calls, in milliseconds. */
const LOOK_EACH_MS = 1_000;

/** When a connection was used, as far as it was looked at. */
interface Use {
  messages: number;
  usedMs: number;
}

/**
 * Closes idle connections where there are more than a node is to have open, those
 * first that were not used for the longest time. One that has calls stays, so
 * there may be more for a while.
 */
export class ConnectionBound {
  readonly #clock: Clock;
  readonly #most: number;
  readonly #peers: () => Iterable<GridPeer>;
  readonly #uses = new WeakMap<GridPeer, Use>();
  #timer: Timer | null = null;
  /** Whether the timer is one that waits until calls have ended. */
  #isWaiting = false;
  #isClosed = false;

  /**
   * @param most How many there may be.
   * @param peers All peers that there are.
   */
  constructor(clock: Clock, most: number, peers: () => Iterable<GridPeer>) {
    this.#clock = clock;
    this.#most = most;
    this.#peers = peers;
  }

  /** A connection was made. */
  onConnected(): void {
    if (this.#most === Infinity || this.#isClosed) return;
    // What is to be sent over it is sent by then.
    if (this.#timer === null || this.#isWaiting) this.#lookIn(0);
  }

  /** Looks no more. */
  close(): void {
    this.#isClosed = true;
    this.#stop();
  }

  #lookIn(ms: number): void {
    this.#stop();
    this.#isWaiting = ms > 0;
    this.#timer = this.#clock.setTimer(ms, () => this.#look());
  }

  #stop(): void {
    if (this.#timer !== null) this.#clock.clearTimer(this.#timer);
    this.#timer = null;
  }

  #look(): void {
    this.#timer = null;
    const idle: { readonly peer: GridPeer; readonly usedMs: number }[] = [];
    let open = 0;
    for (const peer of this.#peers()) {
      const { link } = peer.reconnector;
      if (link === null) continue;
      open++;
      const { usedMs } = this.#note(peer), { outgoing, incoming, queuedBytes } = link.session;
      if (outgoing.calls.active + incoming.calls.active + queuedBytes === 0) {
        idle.push({ peer, usedMs });
      }
    }
    if (open <= this.#most) return;
    idle.sort((a, b) => a.usedMs - b.usedMs);
    for (const { peer } of idle.slice(0, open - this.#most)) peer.release();
    if (open - this.#most > idle.length) this.#lookIn(LOOK_EACH_MS);
  }

  #note(peer: GridPeer): Use {
    const { messagesSent, messagesReceived } = peer.reconnector.totals.traffic();
    const messages = messagesSent + messagesReceived, use = this.#uses.get(peer);
    if (use?.messages === messages) return use;
    const now = { messages, usedMs: this.#clock.now() };
    this.#uses.set(peer, now);
    return now;
  }
}
