/**
 * A read/write lock held by a majority of voters.
 *
 * @module
 */

import type { Log, OwnerEvent } from "../log/log_event.ts";
import { askMajority, majorityOf } from "./majority.ts";
import type { Peer } from "./peer.ts";
import type { Time } from "./time.ts";

/** What a {@linkcode QuorumLock} is made from. */
export interface QuorumLockOptions {
  /** All nodes: each of them votes. */
  peers: readonly Peer[];
  /** As at the voters. */
  lifetimeMs: number;
  time: Time;
  log: Log<OwnerEvent>;
  /** A number from 0 up to 1, for the pause before trying again. */
  random: () => number;
  /** Makes a name that no other attempt has. */
  nextUid: () => string;
}

/**
 * Locks keys in two rounds. The first asks all voters for a lease; with the
 * grants of a majority the new token is one above the highest token they know.
 * The second has a majority remember that token, which also is the first
 * refresh. Then the lock is held.
 *
 * Why two locks never stand at once: no voter has a write lease beside any
 * other lease on the key, and two majorities have a voter in common. Why tokens
 * rise: take the voter that confirmed both the earlier lock and the later one.
 * It confirmed the earlier token before it granted the later lease, and it
 * confirms only a token above all that it knew when it granted. What restarts
 * do to both is in recovery.ts, and it is why an attempt that took longer than
 * half a lifetime is given up: its token is then never used.
 *
 * What no lease can do is stop an owner that was frozen while it held the
 * lock. That takes the token, and a store that looks at it: see
 * register_replica.ts.
 */
export class QuorumLock {
  readonly #options: QuorumLockOptions;
  readonly #majority: number;

  constructor(options: QuorumLockOptions) {
    this.#options = options;
    this.#majority = majorityOf(options.peers.length);
  }

  /**
   * Tries to lock until it succeeds or gives up.
   *
   * @returns The lock, or `undefined` after `patienceMs` or when the signal aborts.
   */
  async acquire(
    key: string,
    write: boolean,
    options: { patienceMs: number; signal?: AbortSignal },
  ): Promise<HeldLock | undefined> {
    const { time, random } = this.#options;
    const giveUpAt = time.now() + options.patienceMs;
    for (let attempt = 0; time.now() < giveUpAt && !options.signal?.aborted; attempt++) {
      const held = await this.tryAcquire(key, write);
      if (held !== undefined) return held;
      // Two who took half of the voters each must not meet again at once.
      await time.sleep(5 + random() * Math.min(200, 20 * 2 ** attempt));
    }
    return undefined;
  }

  /** Tries once. */
  async tryAcquire(key: string, write: boolean): Promise<HeldLock | undefined> {
    const { peers, lifetimeMs, time, log, nextUid } = this.#options;
    const uid = nextUid();
    const since = time.now();
    const grants = await askMajority(
      peers,
      this.#majority,
      (peer) => peer.acquire({ key, uid, write }),
      (reply) => reply.granted,
    );
    if (grants !== undefined) {
      const token = 1 + Math.max(...grants.map((grant) => grant.token));
      const held = new HeldLock(key, write, uid, token, this.#majority, this.#options);
      const confirmed = await held.refresh();
      const at = time.now();
      if (confirmed && at - since < lifetimeMs / 2) {
        log.write({ event: "held", at, since, key, uid, write, token });
        return held;
      }
    }
    release(peers, key, uid);
    return undefined;
  }
}

/** A lock that was acquired. It runs out unless it is refreshed or released. */
export class HeldLock {
  readonly #majority: number;
  readonly #options: QuorumLockOptions;
  #until = 0;

  readonly key: string;
  readonly write: boolean;
  readonly uid: string;
  /** The fencing token: higher than that of each lock on this key that was held before. */
  readonly token: number;

  /** Use {@linkcode QuorumLock.acquire}. */
  constructor(
    key: string,
    write: boolean,
    uid: string,
    token: number,
    majority: number,
    options: QuorumLockOptions,
  ) {
    this.key = key;
    this.write = write;
    this.uid = uid;
    this.token = token;
    this.#majority = majority;
    this.#options = options;
  }

  /** Whether the lease has not run out by this process's clock. It may have, the moment after. */
  get valid(): boolean {
    return this.#options.time.now() < this.#until;
  }

  /** Lets the lease run anew on a majority; `false`: it is lost. */
  async refresh(): Promise<boolean> {
    const { peers, lifetimeMs, time } = this.#options;
    const { key, uid, token } = this;
    const sentAt = time.now();
    const replies = await askMajority(
      peers,
      this.#majority,
      (peer) => peer.refresh({ key, uid, token }),
      (reply) => reply.held,
    );
    if (replies === undefined) return false;
    this.#until = sentAt + lifetimeMs;
    return true;
  }

  /** Tells all voters that the lock is free again; does not wait for them. */
  release(): void {
    this.#until = 0;
    release(this.#options.peers, this.key, this.uid);
  }
}

function release(peers: readonly Peer[], key: string, uid: string): void {
  // A voter that does not hear of it lets the lease run out.
  for (const peer of peers) peer.release({ key, uid }).catch(() => {});
}
