/**
 * Calls for which there is no replica at the moment.
 *
 * @module
 */

import { EarliestTimer } from "../../rpc/calling/earliest_timer.ts";
import type { Clock, Timer } from "../../runtime/clock.ts";

/** Where there are replicas and none is picked, the balancer is asked again after so long, in milliseconds, and after twice that each time up to the most. */
const FIRST_ASK_MS = 50;
const MAX_ASK_MS = 1_000;

/** A call that waits for a replica. */
export interface WaitingPick {
  /** Until when, on the client's clock; `Infinity`: as long as it takes. */
  readonly deadlineMs: number;
  /** The replicas have changed, or it is time to ask again. Says whether the call waits no more: it was sent, or has failed. */
  tryAgain(): boolean;
  /** Its time has run out, or the client is closing. It waits no more. */
  onUnpicked(isClosing: boolean): void;
}

/** Each leaves exactly once: tried with success, taken out, or told that it is too late. */
export class WaitingPicks {
  readonly #clock: Clock;
  /** In the order in which they came. */
  readonly #calls = new Set<WaitingPick>();
  readonly #timer: EarliestTimer;
  readonly #hasReplicas: () => boolean;
  /** Runs until the balancer is asked again: what it goes by may change without a word. */
  #askTimer: Timer | null = null;
  #askAfterMs = FIRST_ASK_MS;

  /** @param hasReplicas Whether there are any to choose from. */
  constructor(clock: Clock, hasReplicas: () => boolean) {
    this.#clock = clock;
    this.#hasReplicas = hasReplicas;
    this.#timer = new EarliestTimer(clock, () => this.#expire());
  }

  /** How many wait. */
  get size(): number {
    return this.#calls.size;
  }

  /** Adds a call. */
  add(call: WaitingPick): void {
    this.#calls.add(call);
    this.#timer.add(call.deadlineMs);
    this.#askLater();
  }

  /** Takes a call out; says whether it was here. */
  remove(call: WaitingPick): boolean {
    const found = this.#calls.delete(call);
    if (this.#calls.size === 0) this.#clearTimers();
    return found;
  }

  /** The replicas have changed. */
  onChange(): void {
    if (this.#calls.size === 0) return;
    this.#tryAll();
    this.#askAfterMs = FIRST_ASK_MS;
    this.#askLater();
  }

  #tryAll(): void {
    for (const call of [...this.#calls]) {
      // One before it may have taken it out.
      if (this.#calls.has(call) && call.tryAgain()) this.remove(call);
    }
  }

  #askLater(): void {
    if (this.#askTimer !== null || this.#calls.size === 0 || !this.#hasReplicas()) return;
    this.#askTimer = this.#clock.setTimer(this.#askAfterMs, () => {
      this.#askTimer = null;
      const before = this.#calls.size;
      this.#tryAll();
      const isFruitful = this.#calls.size < before;
      this.#askAfterMs = isFruitful ? FIRST_ASK_MS : Math.min(MAX_ASK_MS, this.#askAfterMs * 2);
      this.#askLater();
    });
  }

  #clearTimers(): void {
    this.#timer.clear();
    if (this.#askTimer !== null) this.#clock.clearTimer(this.#askTimer);
    this.#askTimer = null;
    this.#askAfterMs = FIRST_ASK_MS;
  }

  /** The client is closing. */
  close(): void {
    const calls = [...this.#calls];
    this.#calls.clear();
    this.#clearTimers();
    for (const call of calls) call.onUnpicked(true);
  }

  #expire(): void {
    const nowMs = this.#clock.now();
    for (const call of [...this.#calls]) {
      // One before it may have taken it out.
      if (!this.#calls.has(call)) continue;
      if (call.deadlineMs <= nowMs) {
        this.#calls.delete(call);
        call.onUnpicked(false);
      } else {
        this.#timer.add(call.deadlineMs);
      }
    }
  }
}
