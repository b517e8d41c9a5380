/**
 * What is still known of replicas that the resolver lists no more.
 *
 * @module
 */

import type { LastingBackOff } from "../../rpc/connecting/back_off.ts";
import type { RepeatedFailures } from "../../rpc/connecting/repeated_failures.ts";
import type { ReplicaHealth } from "../service/outlier_detector.ts";

/** For how long it is kept, in milliseconds; a replica is set aside for less, and dialled again sooner. */
const KEPT_MS = 60_000;
/** Of how many replicas. */
const MAX_KEPT = 1_000;

/** How a replica did so far, whoever keeps its connection. */
export interface ReplicaHistory {
  /** Whether it fails more than it should. */
  readonly health: ReplicaHealth;
  /** When it may be dialled again, and how long to wait after the next attempt that fails. */
  readonly backOff: LastingBackOff;
  /** Its failures to connect. */
  readonly connectFailures: RepeatedFailures;
  /** How often it was set aside. */
  readonly setAside: RepeatedFailures;
}

/** By address. A resolver that wavers would otherwise have a replica that is down dialled at once each time, and send calls to one that was set aside. */
export class ReplicaHistories {
  readonly #kept = new Map<
    string,
    { readonly history: ReplicaHistory; readonly sinceMs: number }
  >();

  /** Keeps what is known of a replica, for a while. */
  keep(address: string, history: ReplicaHistory, nowMs: number): void {
    this.#kept.delete(address);
    this.#kept.set(address, { history, sinceMs: nowMs });
    // In the order in which they were put in.
    for (const [oldest, { sinceMs }] of this.#kept) {
      if (this.#kept.size <= MAX_KEPT && nowMs - sinceMs <= KEPT_MS) break;
      this.#kept.delete(oldest);
    }
  }

  /** Gives back what is known; `null`: nothing. */
  take(address: string, nowMs: number): ReplicaHistory | null {
    const kept = this.#kept.get(address);
    if (kept === undefined) return null;
    this.#kept.delete(address);
    return nowMs - kept.sinceMs <= KEPT_MS ? kept.history : null;
  }
}
