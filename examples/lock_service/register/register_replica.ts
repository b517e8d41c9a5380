/**
 * What the lock protects: one node's copy of the registers.
 *
 * @module
 */

import type { Log, LogEvent, ReplicaEvent } from "../log/log_event.ts";
import type { ReadReply, ReadRequest, WriteReply, WriteRequest } from "../lock/peer.ts";

interface Register {
  /** The highest token seen; writes under an older one are refused. */
  floor: number;
  token: number;
  version: number;
  uid: string;
}

/**
 * A replica refuses every write under a token older than the highest it has
 * seen, and reading counts: once a lock's owner has read from a majority, no
 * owner of an earlier lock can complete a write any more, however late it
 * wakes up. Unlike the voters' tables the registers outlive their process: the
 * log stands for the disk, and {@linkcode RegisterReplica.replay} reads it.
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
      if (event.event === "fence") this.#register(event.key).floor = event.token;
      if (event.event !== "apply") continue;
      const { fence, token, version, uid } = event;
      this.#registers.set(event.key, { floor: fence, token, version, uid });
    }
  }

  /** Tells what stands there, and raises the floor to the reader's token. */
  read({ key, fence }: ReadRequest): ReadReply {
    const register = this.#register(key);
    if (fence > register.floor) {
      register.floor = fence;
      this.#log.write({ event: "fence", at: this.#now(), key, token: fence });
    }
    const { token, version, uid } = register;
    return { token, version, uid };
  }

  /** Takes a write, unless it comes under an old token or is older than what stands there. */
  write({ key, fence, token, version, uid }: WriteRequest): WriteReply {
    const at = this.#now();
    const register = this.#register(key);
    const { floor } = register;
    if (fence < floor && !this.#careless) {
      this.#log.write({ event: "refuse", at, key, token: fence, floor, uid });
      return { accepted: false, floor };
    }
    const same = register.token === token && register.version === version;
    const newer = token > register.token ||
      (token === register.token && version > register.version);
    if (newer || (this.#careless && !same)) {
      this.#registers.set(key, { floor: fence, token, version, uid });
      this.#log.write({ event: "apply", at, key, fence, token, version, uid });
    } else if (fence > floor) {
      register.floor = fence;
      this.#log.write({ event: "fence", at, key, token: fence });
    }
    return { accepted: newer || same || this.#careless, floor: fence };
  }

  #register(key: string): Register {
    let register = this.#registers.get(key);
    if (register === undefined) {
      register = { floor: 0, token: 0, version: 0, uid: "" };
      this.#registers.set(key, register);
    }
    return register;
  }
}
