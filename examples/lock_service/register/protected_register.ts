/**
 * Reading and writing what the lock protects, on a majority of replicas.
 *
 * @module
 */

import type { Clock, Manager, SingleContract } from "@internode/grid";
import { gather, majorityOf, QuorumError } from "@internode/grid/patterns";
import type { LockName, Log, OwnerEvent } from "../log/log_event.ts";
import { read, type UnderLock, type Value, write } from "./contracts.ts";

/** Each call ends within this time, whatever becomes of the peer. */
const CALL_TIMEOUT_MS = 400;

/** What a {@linkcode ProtectedRegister} is made from. */
export interface ProtectedRegisterOptions {
  /** This node; all hosts of its grid are replicas. */
  readonly grid: Manager;
  /** The clock for the log. */
  readonly now: () => number;
  /** Is told of what has been read and written. */
  readonly log: Log<OwnerEvent>;
  /** For simulations. */
  readonly clock?: Clock | undefined;
}

/**
 * A register for each key. It is used under a lock, but does not rely on it:
 * with the lock's token in each request it stays correct even when the lock
 * was lost unnoticed.
 */
export class ProtectedRegister {
  readonly #options: ProtectedRegisterOptions;

  constructor(options: ProtectedRegisterOptions) {
    this.#options = options;
  }

  /**
   * Reads under a lock.
   *
   * @returns The version that stands there, or `undefined` if that could not be found out.
   */
  async read(lock: LockName): Promise<number | undefined> {
    const { now, log } = this.#options, since = now(), { key, uid } = lock;
    const under = { key, fence: lock.token, shared: lock.shared };
    const replies = await this.#ask(read, under, ({ value }) => value !== undefined);
    if (replies === undefined) return undefined;
    const values = replies.map(({ value }) => value!);
    const newest = values.reduce((a, b) => isNewer(b, a) ? b : a);
    // A write that reached only some replicas could be seen now and not the next time.
    const settled = values.every((value) => !isNewer(newest, value)) ||
      await this.#writeAll({ ...under, ...newest });
    if (!settled) return undefined;
    const { token, version } = newest;
    log.write({ event: "read", at: now(), since, key, uid, token, version });
    return version;
  }

  /**
   * Writes under a lock.
   *
   * @param version One more than was read under this lock, or written under it last.
   * @returns Whether a majority has accepted it. If not, it may still take effect later.
   */
  async write({ key, token, uid, shared }: LockName, version: number): Promise<boolean> {
    const { now, log } = this.#options, since = now();
    if (!await this.#writeAll({ key, fence: token, shared, token, version, uid })) return false;
    log.write({ event: "wrote", at: now(), since, key, uid, token, version });
    return true;
  }

  async #writeAll(request: UnderLock & Value): Promise<boolean> {
    return await this.#ask(write, request, (accepted) => accepted) !== undefined;
  }

  /** The answers of a majority; `undefined` if there is none that does. */
  async #ask<Request, Reply>(
    contract: SingleContract<Request, Reply>,
    request: Request,
    accept: (reply: Reply) => boolean,
  ): Promise<readonly Reply[] | undefined> {
    const { grid, clock } = this.#options;
    try {
      const gathered = await gather<Request, Reply>(grid.connections(), contract, request, {
        self: grid,
        need: majorityOf(grid.hosts.length),
        accept,
        rest: "finish",
        timeoutMs: CALL_TIMEOUT_MS,
        clock,
      });
      return gathered.values;
    } catch (error) {
      if (error instanceof QuorumError) return undefined;
      throw error;
    }
  }
}

function isNewer(a: Value, b: Value): boolean {
  return a.token > b.token || (a.token === b.token && a.version > b.version);
}
