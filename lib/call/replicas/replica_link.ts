/**
 * One connection to a replica.
 *
 * @module
 */

import { InternodeError } from "../../errors.ts";
import { goingAway } from "../../rpc/connecting/retired_links.ts";
import type { Clock, Timer } from "../../runtime/clock.ts";
import type { Link } from "../../driver/link.ts";
import type { MethodKey } from "../service/method_key.ts";

/** A replica, as its connections know it. */
export interface LinkedReplica {
  /** How many calls are under way on all its connections. */
  callsInFlight: number;
  /** Who hears that a connection has no calls under way any more. */
  readonly owner: { onIdle(): void };
}

/** An open connection, and the calls on it. */
export class ReplicaLink<R extends LinkedReplica> {
  /** The replica. */
  readonly replica: R;
  /** The connection. */
  readonly link: Link;
  /** How many calls are under way on it. */
  callsInFlight = 0;
  /** Whether it takes no new calls and closes behind the last. */
  isRetired = false;

  readonly #clock: Clock;
  #graceTimer: Timer | null = null;

  /** */
  constructor(replica: R, link: Link, clock: Clock) {
    this.replica = replica;
    this.link = link;
    this.#clock = clock;
  }

  /** The number of a method on this connection. */
  methodNumber(key: MethodKey, nowMs: number): number {
    // By its text, as users may make a new key for each call.
    return this.link.session.caller.keyNumber(key.hex, key.hex, nowMs);
  }

  /** A call is made. */
  begin(): void {
    this.callsInFlight++;
    this.replica.callsInFlight++;
  }

  /** A call has ended. */
  end(): void {
    this.replica.callsInFlight--;
    if (--this.callsInFlight > 0) return;
    if (this.isRetired) this.#closeSoon();
    this.replica.owner.onIdle();
  }

  /**
   * Lets what runs finish, then closes.
   *
   * @param graceMs How long that may take, in milliseconds; what still runs then ends as `GoingAway`.
   */
  retire(graceMs: number = Infinity): void {
    if (this.isRetired) return;
    this.isRetired = true;
    if (this.callsInFlight === 0) this.#closeSoon();
    else if (graceMs < Infinity) {
      this.#graceTimer = this.#clock.setTimer(graceMs, () => this.link.close(goingAway()));
    }
  }

  /** The connection has ended. */
  onClosed(): void {
    this.#clearGrace();
  }

  /** A replica that was retired is wanted again. */
  reinstate(): void {
    this.isRetired = false;
    this.#clearGrace();
  }

  #clearGrace(): void {
    if (this.#graceTimer !== null) this.#clock.clearTimer(this.#graceTimer);
    this.#graceTimer = null;
  }

  /** In a turn of its own, as the session may be in the midst of receiving. */
  #closeSoon(): void {
    this.#clock.soon(() => {
      if (!this.isRetired || this.callsInFlight > 0) return;
      this.link.close(
        new InternodeError("Closed", "The client needs this connection no more.", {
          origin: "local",
          outcome: "maybeExecuted",
        }),
      );
    });
  }
}
