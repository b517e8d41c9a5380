/**
 * Calls for which there is no replica at the moment.
 *
 * @module
 */

import { type WaitingCall, WaitingCalls } from "../../rpc/calling/waiting_calls.ts";
import type { Clock, Timer } from "../../runtime/clock.ts";
import type { OutgoingCall } from "../../session/sending/outgoing_call_table.ts";

/** Where there are replicas and none is picked, the balancer is asked again after so long, in milliseconds, and after twice that each time up to the most. */
const FIRST_ASK_MS = 50;
const MAX_ASK_MS = 1_000;

/** Asks the balancer again, as what it goes by may change without a word. */
export class WaitingPicks extends WaitingCalls {
  readonly #clock: Clock;
  readonly #hasReplicas: () => boolean;
  /** Runs until the balancer is asked again. */
  #askTimer: Timer | null = null;
  #askAfterMs = FIRST_ASK_MS;

  /** @param hasReplicas Whether there are any to choose from. */
  constructor(clock: Clock, hasReplicas: () => boolean) {
    super(clock);
    this.#clock = clock;
    this.#hasReplicas = hasReplicas;
  }

  /** Adds a call. */
  override add(call: OutgoingCall, waiting: WaitingCall): void {
    super.add(call, waiting);
    this.#askLater();
  }

  /** Takes a call out; says whether it was here. */
  override remove(call: OutgoingCall): boolean {
    const found = super.remove(call);
    if (this.size === 0) {
      if (this.#askTimer !== null) this.#clock.clearTimer(this.#askTimer);
      this.#askTimer = null;
      this.#askAfterMs = FIRST_ASK_MS;
    }
    return found;
  }

  /** The replicas have changed. */
  onChange(): void {
    if (this.size === 0) return;
    this.tryAll();
    this.#askAfterMs = FIRST_ASK_MS;
    this.#askLater();
  }

  #askLater(): void {
    if (this.#askTimer !== null || this.size === 0 || !this.#hasReplicas()) return;
    this.#askTimer = this.#clock.setTimer(this.#askAfterMs, () => {
      this.#askTimer = null;
      const before = this.size;
      this.tryAll();
      const isFruitful = this.size < before;
      this.#askAfterMs = isFruitful ? FIRST_ASK_MS : Math.min(MAX_ASK_MS, this.#askAfterMs * 2);
      this.#askLater();
    });
  }
}
