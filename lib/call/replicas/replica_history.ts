/**
 * The history of replicas that the resolver no longer lists.
 *
 * @module
 */

import type { LastingBackOff } from "../../rpc/connecting/back_off.ts";
import type { RepeatedFailures } from "../../rpc/connecting/repeated_failures.ts";
import type { ReplicaHealth } from "../service/outlier_detector.ts";

/** How long it is kept, in milliseconds: longer than a replica is set aside or a back-off lasts. */
const KEPT_MS = 60_000;
/** Of how many replicas it is kept. */
const MAX_KEPT = 1_000;

/** The history of a replica, across its connections. */
export interface ReplicaHistory {
  /** Whether it keeps failing. */
  readonly health: ReplicaHealth;
  /** When it may be dialled again, and how long to wait after the next attempt that fails. */
  readonly backOff: LastingBackOff;
  /** Its failures to connect. */
  readonly connectFailures: RepeatedFailures;
  /** How often it was set aside. */
  readonly setAside: RepeatedFailures;
}

/** By address. Without it, an unsteady resolver would cause a replica that is down to be dialled at once each time, and send calls to one that was set aside. */
export class ReplicaHistories {
  readonly #kept = new Map<
    string,
    { readonly history: ReplicaHistory; readonly sinceMs: number }
  >();

  /** Keeps the history of a replica for a while. */
  keep(address: string, history: ReplicaHistory, nowMs: number): void {
    this.#kept.delete(address);
    this.#kept.set(address, { history, sinceMs: nowMs });
    // In the order in which they were added.
    for (const [oldest, { sinceMs }] of this.#kept) {
      if (this.#kept.size <= MAX_KEPT && nowMs - sinceMs <= KEPT_MS) break;
      this.#kept.delete(oldest);
    }
  }

  /** Removes and returns the history; `null` if there is none. */
  take(address: string, nowMs: number): ReplicaHistory | null {
    const kept = this.#kept.get(address);
    if (kept === undefined) return null;
    this.#kept.delete(address);
    return nowMs - kept.sinceMs <= KEPT_MS ? kept.history : null;
  }
}
