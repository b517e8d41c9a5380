/**
 * What the lock protects: one node's copy of the registers.
 *
 * @module
 */

import type { Log, LogEvent, ReplicaEvent } from "../log/log_event.ts";
import type { ReadReply, UnderLock, Value } from "./contracts.ts";
import { Fence } from "./fence.ts";

interface Register {
  readonly fence: Fence;
  value: Value;
}

/**
 * A replica refuses what comes under a token older than one that it has seen of
 * a lock in its way, and reading counts: once a lock's owner has read from a
 * majority, no owner of an earlier lock can complete a write any more, however
 * late it wakes up. Unlike the voters' memory the registers outlive their process:
 * the log stands for the disk, and {@linkcode RegisterReplica.replay} reads it.
 */
export class RegisterReplica {
  readonly #registers = new Map<string, Register>();
  readonly #now: () => number;
  readonly #log: Log<ReplicaEvent>;
  readonly #careless: boolean;

  /**
   * @param now The clock for the log.
   * @param log Is told of each change before it is answered.
   * @param careless Takes every write, to show that the checker catches it.
   */
  constructor(now: () => number, log: Log<ReplicaEvent>, careless = false) {
    this.#now = now;
    this.#log = log;
    this.#careless = careless;
  }

  /** Takes up what an earlier life has logged; to be called first, in the order of the lives. */
  replay(events: Iterable<LogEvent>): void {
    for (const event of events) {
      if (event.event === "fence") {
        this.#register(event.key).fence.raise(event.token, event.shared);
      } else if (event.event === "apply") {
        const { key, fence, shared, token, version, uid } = event, register = this.#register(key);
        register.fence.raise(fence, shared);
        register.value = { token, version, uid };
      }
    }
  }

  /** Tells what stands there, and fences off older locks. */
  read({ key, fence, shared }: UnderLock): ReadReply {
    const register = this.#register(key);
    if (!register.fence.admits(fence, shared)) return {};
    this.#raise(key, register, fence, shared);
    return { value: register.value };
  }

  /** Takes a write, unless it comes under an old token or is older than what stands there. */
  write({ key, fence, shared, token, version, uid }: UnderLock & Value): boolean {
    const at = this.#now(), register = this.#register(key), { value } = register;
    if (!register.fence.admits(fence, shared) && !this.#careless) {
      this.#log.write({ event: "refuse", at, key, token: fence, uid });
      return false;
    }
    const same = value.token === token && value.version === version;
    const newer = token > value.token || (token === value.token && version > value.version);
    if (newer || (this.#careless && !same)) {
      register.fence.raise(fence, shared);
      register.value = { token, version, uid };
      this.#log.write({ event: "apply", at, key, fence, shared, token, version, uid });
    } else this.#raise(key, register, fence, shared);
    return newer || same || this.#careless;
  }

  #raise(key: string, { fence }: Register, token: number, shared: boolean): void {
    if (!fence.raise(token, shared)) return;
    this.#log.write({ event: "fence", at: this.#now(), key, token, shared });
  }

  #register(key: string): Register {
    let register = this.#registers.get(key);
    if (register === undefined) {
      register = { fence: new Fence(), value: { token: 0, version: 0, uid: "" } };
      this.#registers.set(key, register);
    }
    return register;
  }
}
