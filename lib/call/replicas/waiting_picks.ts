/**
 * Calls that wait for a replica.
 *
 * @module
 */

import { type WaitingCall, WaitingCalls } from "../../rpc/calling/waiting_calls.ts";
import type { Clock, Timer } from "../../runtime/clock.ts";
import type { OutgoingCall } from "../../session/sending/outgoing_call_table.ts";

/** If there are replicas and none is picked, how long until the balancer is asked again, in milliseconds; doubled each time up to the maximum. */
const FIRST_ASK_MS = 50;
const MAX_ASK_MS = 1_000;

/** Asks the balancer again, because its reasons may change without an update. */
export class WaitingPicks extends WaitingCalls {
  readonly #clock: Clock;
  readonly #hasReplicas: () => boolean;
  /** The timer until the balancer is asked again. */
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

  /** Removes a call; returns whether it was here. */
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
