/**
 * Keys of etcd that one process has at a time.
 *
 * @module
 */

import { optionsOf, positive, text, wholeNumber } from "../../foreign/option_checks.ts";
import type { Clock } from "../../runtime/clock.ts";
import { clockOf } from "../../runtime/given_clock.ts";
import { TimeLimit } from "../resolver/time_limit.ts";
import { EtcdGateway, type EtcdOptions } from "./etcd_gateway.ts";
import { claimKeys } from "./etcd_claim_keys.ts";
import { keyStart } from "./etcd_key.ts";
import { type EtcdClaim, EtcdSeeker, type SeekingWorld } from "./etcd_seeker.ts";
import { type EtcdLease, EtcdStore } from "./etcd_store.ts";

export type { EtcdClaim } from "./etcd_seeker.ts";

/** A request takes at most so much of the time that a claim lasts. */
const REQUEST_SHARE = 0.2;

/** Which etcd, and where in it. */
export interface EtcdClaimsOptions extends EtcdOptions {
  /** What all keys begin with, before a slash. */
  readonly prefix: string;
  /** What stands under them: who this is, for people. */
  readonly holder: string;
  /** How long a claim lasts without being kept, in whole seconds. */
  readonly ttlSeconds: number;
}

/**
 * Creates keys where no other key is in the way, each under a lease of its own. Etcd's own
 * clocks measure how long a lease lives without being kept alive: at least as
 * long as was asked for, from when it was kept alive.
 */
export class EtcdClaims {
  readonly ttlMs: number;
  readonly #store: EtcdStore;
  readonly #clock: Clock;
  readonly #start: string;
  readonly #world: SeekingWorld;

  /**
   * Takes the settings; asks nothing yet.
   *
   * @param owner Whose options they are, for errors.
   * @throws {InternodeError} `InvalidArgument` for what makes no sense.
   */
  constructor(owner: string, options: EtcdClaimsOptions) {
    const { ttlSeconds, holder, prefix, clock, requestTimeoutMs } = optionsOf(owner, options);
    this.ttlMs = wholeNumber("ttlSeconds", ttlSeconds, 1, 3_600) * 1_000;
    text("holder", holder);
    this.#start = keyStart(owner, prefix);
    this.#clock = clockOf(clock);
    // One member that stays silent must not cost the claim while another would answer.
    const memberMs = this.ttlMs * REQUEST_SHARE / 2;
    const askMs = Math.min(positive("requestTimeoutMs", requestTimeoutMs, 5_000), memberMs);
    this.#store = new EtcdStore(new EtcdGateway({ ...options, requestTimeoutMs: askMs }));
    this.#world = {
      store: this.#store,
      clock: this.#clock,
      holder,
      ttlSeconds,
      within: (signal, ask) => this.#within(signal, ask),
      revoke: (lease) => this.#revoke(lease),
    };
  }

  /**
   * Makes what tries to get a claim.
   *
   * @param isShared Whether others may share the name.
   * @param waits Whether others who would share it are to let this go first.
   * @throws {InternodeError} `InvalidArgument` for a name that cannot be had.
   */
  seek(name: string, isShared: boolean, waits: boolean): EtcdSeeker {
    return new EtcdSeeker(this.#world, claimKeys(this.#start, name), isShared, waits);
  }

  /**
   * Lets a claim last anew.
   *
   * @returns Whether it still stands.
   * @throws {InternodeError} If etcd does not say; or the signal's reason.
   */
  async keep({ key, lease }: EtcdClaim, signal: AbortSignal): Promise<boolean> {
    const store = this.#store;
    if (!await this.#within(signal, (bound) => store.keepAlive(lease, bound))) return false;
    // A lease that lives does not show that nobody has deleted the key.
    const entry = await this.#within(signal, (bound) => store.get(key, bound));
    return entry?.leaseId === lease.id;
  }

  /** Removes the key. Never rejects: what cannot be removed runs out. */
  async release({ lease }: EtcdClaim): Promise<void> {
    await this.#revoke(lease);
  }

  /** Closes the connections to etcd. */
  close(): void {
    this.#store.disconnect();
  }

  async #revoke(lease: EtcdLease): Promise<void> {
    try {
      const { signal } = new AbortController();
      await this.#within(signal, (bound) => this.#store.revoke(lease, bound));
    } catch {
      // Etcd does it when the time is over.
    }
  }

  async #within<T>(signal: AbortSignal, ask: (bound: AbortSignal) => Promise<T>): Promise<T> {
    using bound = new TimeLimit(this.#clock, this.ttlMs * REQUEST_SHARE, signal);
    return await ask(bound.signal);
  }
}
