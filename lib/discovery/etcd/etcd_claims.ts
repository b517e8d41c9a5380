/**
 * Keys of etcd that one process has at a time.
 *
 * @module
 */

import { isOwnError } from "../../foreign/own_error.ts";
import { optionsOf, positive, text, wholeNumber } from "../../foreign/option_checks.ts";
import { quoted } from "../../foreign/plain_text.ts";
import { textOf } from "../../foreign/text_of.ts";
import type { Clock } from "../../runtime/clock.ts";
import { clockOf } from "../../runtime/given_clock.ts";
import { TimeLimit } from "../resolver/time_limit.ts";
import { EtcdGateway, type EtcdOptions } from "./etcd_gateway.ts";
import { keyStart } from "./etcd_key.ts";
import { type EtcdLease, EtcdStore } from "./etcd_store.ts";

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

/** A key that this process has created. */
export interface EtcdClaim {
  readonly key: string;
  /** The revision of etcd that created it. */
  readonly revision: number;
  readonly lease: EtcdLease;
}

/**
 * Creates keys that are not there, each under a lease of its own. Etcd's own
 * clocks measure how long a lease lives without being kept alive: at least as
 * long as was asked for, from when it was kept alive.
 */
export class EtcdClaims {
  readonly ttlMs: number;
  readonly #store: EtcdStore;
  readonly #clock: Clock;
  readonly #start: string;
  readonly #holder: string;
  readonly #ttlSeconds: number;

  /**
   * Takes the settings; asks nothing yet.
   *
   * @param owner Whose options they are, for errors.
   * @throws {InternodeError} `InvalidArgument` for what makes no sense.
   */
  constructor(owner: string, options: EtcdClaimsOptions) {
    const { ttlSeconds, holder, prefix, clock, requestTimeoutMs } = optionsOf(owner, options);
    this.#ttlSeconds = wholeNumber("ttlSeconds", ttlSeconds, 1, 3_600);
    this.ttlMs = ttlSeconds * 1_000;
    this.#holder = text("holder", holder);
    this.#start = keyStart(owner, prefix);
    this.#clock = clockOf(clock);
    // One member that stays silent must not cost the claim while another would answer.
    const memberMs = this.ttlMs * REQUEST_SHARE / 2;
    const askMs = Math.min(positive("requestTimeoutMs", requestTimeoutMs, 5_000), memberMs);
    this.#store = new EtcdStore(new EtcdGateway({ ...options, requestTimeoutMs: askMs }));
  }

  /**
   * Creates a key.
   *
   * @returns The claim; or why there is none, for people.
   * @throws {InternodeError} What does not pass by itself; or the signal's reason.
   */
  async claim(name: string, signal: AbortSignal): Promise<EtcdClaim | string> {
    const store = this.#store, key = this.#start + name;
    let lease: EtcdLease | null = null;
    try {
      // Most often somebody has it, and then etcd has nothing to write.
      const entry = await this.#within(signal, (bound) => store.get(key, bound));
      if (entry !== null) return `${quoted(entry.value)} has it`;
      lease = await this.#within(signal, (bound) => store.grant(this.#ttlSeconds, bound));
      const granted = lease;
      const revision = await this.#within(
        signal,
        (bound) => store.create(key, this.#holder, granted, bound),
      );
      if (revision !== null) return { key, revision: Number(revision), lease };
      await this.#revoke(lease);
      return "another one was faster";
    } catch (error) {
      // Whether the key was created is not known.
      if (lease !== null) await this.#revoke(lease);
      if (signal.aborted || !isOwnError(error)) throw error;
      if (error.code !== "Unreachable" && error.code !== "Overloaded") throw error;
      return textOf(error);
    }
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
  release({ lease }: EtcdClaim): Promise<void> {
    return this.#revoke(lease);
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
