/**
 * One voter's part of the lock: its leases and the tokens it has confirmed.
 *
 * @module
 */

import type { Log, VoterEvent } from "../log/log_event.ts";
import type {
  AcquireReply,
  AcquireRequest,
  KeyToken,
  LearnReply,
  RefreshReply,
  RefreshRequest,
  ReleaseRequest,
} from "./peer.ts";

interface Lease {
  readonly write: boolean;
  /** The highest token known when it was granted: its own has to be above. */
  readonly floor: number;
  until: number;
}

/** For so long after a writer was refused no further readers are let in, or writers would starve. */
const WRITER_TURN_MS = 100;

/** What a {@linkcode LockTable} is made from. */
export interface LockTableOptions {
  /** How long a lease lasts after it was granted or refreshed last. */
  lifetimeMs: number;
  /** The voter's own monotonic clock: leases are measured by nothing else. */
  now: () => number;
  log: Log<VoterEvent>;
  /** Grants whatever is asked for, to show that the checker catches it. Default: false. */
  careless?: boolean;
}

/**
 * The table lives in memory alone and dies with its process. It votes only
 * after {@linkcode LockTable.startVoting}: at once in a node's very first
 * life, later after what recovery.ts describes.
 */
export class LockTable {
  readonly #lifetimeMs: number;
  readonly #now: () => number;
  readonly #log: Log<VoterEvent>;
  readonly #careless: boolean;
  readonly #leases = new Map<string, Map<string, Lease>>();
  readonly #tokens = new Map<string, number>();
  readonly #writerTurns = new Map<string, number>();
  #voting = false;

  constructor(options: LockTableOptions) {
    this.#lifetimeMs = options.lifetimeMs;
    this.#now = options.now;
    this.#log = options.log;
    this.#careless = options.careless ?? false;
  }

  /** Whether this voter takes part. */
  get voting(): boolean {
    return this.#voting;
  }

  /** Takes part from now on, knowing the tokens of `learned`. */
  startVoting(learned: Iterable<KeyToken> = []): void {
    for (const { key, token } of learned) this.#remember(key, token);
    this.#voting = true;
    this.#log.write({ event: "voting", at: this.#now() });
  }

  /** Grants a lease if no valid one conflicts with it. */
  acquire({ key, uid, write }: AcquireRequest): AcquireReply {
    if (!this.#voting) return { granted: false, token: 0 };
    const at = this.#now();
    const leases = this.#validLeases(key, at);
    const token = this.#tokens.get(key) ?? 0;
    if (!this.#careless && !this.#admits(key, leases, write, at)) return { granted: false, token };
    const until = at + this.#lifetimeMs;
    leases.set(uid, { write, floor: token, until });
    this.#leases.set(key, leases);
    this.#log.write({ event: "grant", at, key, uid, write, until });
    return { granted: true, token };
  }

  /** Lets a valid lease run anew and remembers its token. */
  refresh({ key, uid, token }: RefreshRequest): RefreshReply {
    const at = this.#now();
    const lease = this.#validLeases(key, at).get(uid);
    // A voter whose grant came too late to be counted may know of a higher token.
    if (lease === undefined || token <= lease.floor) return { held: false };
    this.#remember(key, token);
    lease.until = at + this.#lifetimeMs;
    this.#log.write({ event: "refresh", at, key, uid, token, until: lease.until });
    return { held: true };
  }

  /** Forgets a lease; one that is not there is no error. */
  release({ key, uid }: ReleaseRequest): void {
    const at = this.#now();
    const leases = this.#validLeases(key, at);
    if (!leases.delete(uid)) return;
    if (leases.size === 0) this.#leases.delete(key);
    this.#log.write({ event: "release", at, key, uid });
  }

  /** What another voter that has lost its memory needs to know. */
  teach(): LearnReply {
    if (!this.#voting) return { voting: false, tokens: [] };
    return { voting: true, tokens: Array.from(this.#tokens, ([key, token]) => ({ key, token })) };
  }

  /** Drops the leases that have run out; returns how many they were. */
  expire(): number {
    const at = this.#now();
    let expired = 0;
    for (const [key, leases] of this.#leases) {
      const before = leases.size;
      expired += before - this.#validLeases(key, at).size;
    }
    return expired;
  }

  #admits(key: string, leases: ReadonlyMap<string, Lease>, write: boolean, at: number): boolean {
    if (write) {
      if (leases.size > 0) this.#writerTurns.set(key, at + WRITER_TURN_MS);
      else this.#writerTurns.delete(key);
      return leases.size === 0;
    }
    if (at < (this.#writerTurns.get(key) ?? 0)) return false;
    return leases.values().every((lease) => !lease.write);
  }

  #validLeases(key: string, at: number): Map<string, Lease> {
    const leases = this.#leases.get(key);
    if (leases === undefined) return new Map();
    for (const [uid, { until }] of leases) {
      if (until > at) continue;
      leases.delete(uid);
      this.#log.write({ event: "expire", at, key, uid });
    }
    if (leases.size === 0) this.#leases.delete(key);
    return leases;
  }

  #remember(key: string, token: number): void {
    if (token > (this.#tokens.get(key) ?? 0)) this.#tokens.set(key, token);
  }
}
