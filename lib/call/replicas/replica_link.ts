/**
 * One connection to a replica.
 *
 * @module
 */

import type { Link } from "../../driver/link.ts";
import type { MethodKey } from "../service/method_key.ts";

/** The replica of a connection. */
export interface LinkedReplica {
  /** How many calls are in flight on all its connections. */
  callsInFlight: number;
  /** Is notified when a connection has no calls in flight. */
  readonly owner: { onIdle(): void };
}

/** An open connection, and the calls on it. */
export class ReplicaLink<R extends LinkedReplica> {
  /** The replica. */
  readonly replica: R;
  /** The connection. */
  readonly link: Link;
  /** How many calls are in flight on it. */
  callsInFlight = 0;

  constructor(replica: R, link: Link) {
    this.replica = replica;
    this.link = link;
  }

  /** The number of a method on this connection. */
  methodNumber(key: MethodKey, nowMs: number): number {
    // By its text, because users may make a new key for each call.
    return this.link.session.outgoing.keyNumber(key.hex, key.wireName, nowMs, key.subroute);
  }

  /** Counts a call. */
  begin(): void {
    this.callsInFlight++;
    this.replica.callsInFlight++;
  }

  /** A call has ended. */
  end(): void {
    this.replica.callsInFlight--;
    if (--this.callsInFlight === 0) this.replica.owner.onIdle();
  }
}
