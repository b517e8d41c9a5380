/**
 * Reading and writing what the lock protects, on a majority of replicas.
 *
 * @module
 */

import type { Log, OwnerEvent } from "../log/log_event.ts";
import { askMajority, majorityOf } from "../lock/majority.ts";
import type { Peer, ReadReply } from "../lock/peer.ts";
import type { HeldLock } from "../lock/quorum_lock.ts";

/**
 * A register for each key. It is used under a lock, but does not rely on it:
 * with the lock's token in each request it stays correct even when the lock
 * was lost unnoticed.
 */
export class ProtectedRegister {
  readonly #majority: number;

  readonly peers: readonly Peer[];
  readonly now: () => number;
  readonly log: Log<OwnerEvent>;

  /**
   * @param peers All nodes: each of them is a replica.
   * @param now The clock for the log.
   * @param log Is told of what has been read and written.
   */
  constructor(
    peers: readonly Peer[],
    now: () => number,
    log: Log<OwnerEvent>,
  ) {
    this.peers = peers;
    this.now = now;
    this.log = log;
    this.#majority = majorityOf(peers.length);
  }

  /**
   * Reads under a lock.
   *
   * @returns The version that stands there, or `undefined` if that could not be found out.
   */
  async read(lock: HeldLock): Promise<number | undefined> {
    const since = this.now();
    const { key, token: fence, uid } = lock;
    const replies = await askMajority(
      this.peers,
      this.#majority,
      (peer) => peer.read({ key, fence }),
      () => true,
    );
    if (replies === undefined) return undefined;
    const newest = replies.reduce((a, b) => isNewer(b, a) ? b : a);
    // A write that reached only some replicas could be seen now and not the next time.
    const settled = replies.every((reply) => !isNewer(newest, reply)) ||
      await this.#writeAll({ key, fence, ...newest });
    if (!settled) return undefined;
    const { token, version } = newest;
    this.log.write({ event: "read", at: this.now(), since, key, uid, token, version });
    return version;
  }

  /**
   * Writes under a lock.
   *
   * @param version One more than was read under this lock, or written under it last.
   * @returns Whether a majority has accepted it. If not, it may still take effect later.
   */
  async write(lock: HeldLock, version: number): Promise<boolean> {
    const since = this.now();
    const { key, token, uid } = lock;
    if (!await this.#writeAll({ key, fence: token, token, version, uid })) return false;
    this.log.write({ event: "wrote", at: this.now(), since, key, uid, token, version });
    return true;
  }

  async #writeAll(request: ReadReply & { key: string; fence: number }): Promise<boolean> {
    const replies = await askMajority(
      this.peers,
      this.#majority,
      (peer) => peer.write(request),
      (reply) => reply.accepted,
    );
    return replies !== undefined;
  }
}

function isNewer(a: ReadReply, b: ReadReply): boolean {
  return a.token > b.token || (a.token === b.token && a.version > b.version);
}
