/**
 * Calls for which there is no replica at the moment.
 *
 * @module
 */

import { EarliestTimer } from "../grid/earliest_timer.ts";
import type { Clock } from "../net/clock.ts";

/** A call that waits for a replica. */
export interface WaitingPick {
  /** Until when, on the client's clock; `Infinity`: as long as it takes. */
  readonly deadlineMs: number;
  /** The replicas have changed. Says whether the call waits no more: it was sent, or has failed. */
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

  /** */
  constructor(clock: Clock) {
    this.#clock = clock;
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
  }

  /** Takes a call out; says whether it was here. */
  remove(call: WaitingPick): boolean {
    const found = this.#calls.delete(call);
    if (this.#calls.size === 0) this.#timer.clear();
    return found;
  }

  /** The replicas have changed. */
  tryAll(): void {
    for (const call of [...this.#calls]) {
      // One before it may have taken it out.
      if (this.#calls.has(call) && call.tryAgain()) this.remove(call);
    }
  }

  /** The client is closing. */
  close(): void {
    const calls = [...this.#calls];
    this.#calls.clear();
    this.#timer.clear();
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
