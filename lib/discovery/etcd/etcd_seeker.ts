/**
 * Somebody who wants a key of etcd for a while.
 *
 * @module
 */

import { isOwnError } from "../../foreign/own_error.ts";
import { quoted } from "../../foreign/plain_text.ts";
import { textOf } from "../../foreign/text_of.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { ClaimKeys } from "./etcd_claim_keys.ts";
import type { EtcdLease, EtcdStore } from "./etcd_store.ts";

/** A key that this process has created. */
export interface EtcdClaim {
  readonly key: string;
  /** The revision of etcd that created it. */
  readonly revision: number;
  readonly lease: EtcdLease;
  /** When the lease was asked for, or asked to live on, for the last time before. */
  readonly keptMs: number;
}

/** What seeking needs. */
export interface SeekingWorld {
  readonly store: EtcdStore;
  readonly clock: Clock;
  readonly holder: string;
  readonly ttlSeconds: number;
  /** Gives a request so much time as it may have. */
  readonly within: <T>(
    signal: AbortSignal,
    ask: (bound: AbortSignal) => Promise<T>,
  ) => Promise<T>;
  /** Gives a lease back. Never rejects. */
  readonly revoke: (lease: EtcdLease) => Promise<void>;
}

/** A lease that is older than so much of its time is kept alive before it is used. */
const OLD_SHARE = 0.1;

/**
 * Tries again and again to create a key, which succeeds when no other key is in its way.
 * While it keeps others from sharing, it keeps its lease between two attempts.
 */
export class EtcdSeeker {
  readonly #world: SeekingWorld;
  readonly #keys: ClaimKeys;
  readonly #isShared: boolean;
  readonly #waits: boolean;
  #lease: EtcdLease | null = null;
  #keptMs = 0;
  #isWaiting = false;

  /**
   * @param keys Those of the name.
   * @param isShared Whether others may share it.
   * @param waits Whether others who would share it are to let this go first.
   */
  constructor(world: SeekingWorld, keys: ClaimKeys, isShared: boolean, waits: boolean) {
    this.#world = world;
    this.#keys = keys;
    this.#isShared = isShared;
    this.#waits = waits && !isShared;
  }

  /**
   * Tries once.
   *
   * @returns The claim; or why there is none, for people.
   * @throws {InternodeError} What does not pass by itself; or the signal's reason.
   */
  async attempt(signal: AbortSignal): Promise<EtcdClaim | string> {
    try {
      return await this.#attempt(signal);
    } catch (error) {
      // Whether the key was created is not known.
      await this.end();
      if (signal.aborted || !isOwnError(error)) throw error;
      if (error.code !== "Unreachable" && error.code !== "Overloaded") throw error;
      return textOf(error);
    }
  }

  /** Gives back what it has. Never rejects. */
  async end(): Promise<void> {
    const lease = this.#lease;
    this.#lease = null;
    this.#isWaiting = false;
    if (lease !== null) await this.#world.revoke(lease);
  }

  async #attempt(signal: AbortSignal): Promise<EtcdClaim | string> {
    const { store, within, holder } = this.#world;
    const { alone, shared, waiting } = this.#keys;
    // Most often somebody has it, and then etcd has nothing to write.
    const there = await within(
      signal,
      (bound) => store.look([alone], [this.#isShared ? waiting : shared], bound),
    );
    const [owner = null, sharer = null] = there;
    if (owner !== null) return `${quoted(owner)} has it`;
    if (sharer !== null) {
      if (this.#isShared) return `${quoted(sharer)} waits to have it alone`;
      if (this.#waits) await this.#wait(signal);
      return `${quoted(sharer)} shares it`;
    }
    const lease = await this.#fresh(signal), key = this.#isShared ? shared + lease.id : alone;
    const revision = await within(signal, (bound) =>
      store.create(key, holder, lease, bound, {
        keys: [alone],
        prefixes: [this.#isShared ? waiting : shared],
        remove: this.#isWaiting ? waiting + lease.id : null,
      }));
    if (revision === null) {
      if (!this.#isWaiting) await this.end();
      return "another one was faster";
    }
    this.#lease = null;
    this.#isWaiting = false;
    return { key, revision: Number(revision), lease, keptMs: this.#keptMs };
  }

  /** Lets nobody share it who does not do so yet. */
  async #wait(signal: AbortSignal): Promise<void> {
    const { store, within, holder } = this.#world;
    const lease = await this.#fresh(signal), key = this.#keys.waiting + lease.id;
    if (this.#isWaiting) return;
    await within(signal, (bound) => store.put(key, holder, lease, bound));
    this.#isWaiting = true;
  }

  /** A lease that lives on for most of its time. */
  async #fresh(signal: AbortSignal): Promise<EtcdLease> {
    const { store, within, clock, ttlSeconds } = this.#world;
    const lease = this.#lease, nowMs = clock.now();
    if (lease !== null) {
      if (nowMs - this.#keptMs < ttlSeconds * 1_000 * OLD_SHARE) return lease;
      if (await within(signal, (bound) => store.keepAlive(lease, bound))) {
        this.#keptMs = nowMs;
        return lease;
      }
      this.#lease = null;
      this.#isWaiting = false;
    }
    const granted = await within(signal, (bound) => store.grant(ttlSeconds, bound));
    this.#keptMs = nowMs;
    return this.#lease = granted;
  }
}
