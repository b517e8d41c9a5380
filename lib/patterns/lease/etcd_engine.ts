/**
 * Leases that etcd keeps.
 *
 * @module
 */

import type { EtcdClaim, EtcdClaims } from "../../discovery/etcd/etcd_claims.ts";
import type { Clock } from "../../runtime/clock.ts";
import {
  heldUntilMs,
  type Hold,
  type LeaseEngine,
  LOST,
  type Seeker,
  type Wish,
} from "./lease_engine.ts";

interface EtcdHold extends Hold {
  readonly claim: EtcdClaim;
}

/** The revision that created a key is the token. */
export class EtcdEngine implements LeaseEngine {
  readonly ttlMs: number;
  readonly #claims: EtcdClaims;
  readonly #clock: Clock;

  constructor(claims: EtcdClaims, clock: Clock) {
    this.ttlMs = claims.ttlMs;
    this.#claims = claims;
    this.#clock = clock;
  }

  seek(wish: Wish, waits: boolean): Seeker {
    const seeker = this.#claims.seek(wish.name, wish.isShared, waits);
    return {
      attempt: async (signal) => {
        const claim = await seeker.attempt(signal);
        if (typeof claim === "string") return { why: claim };
        const { lease: { id: holder }, revision: token, keptMs } = claim;
        const hold: EtcdHold = {
          ...wish,
          holder,
          token,
          untilMs: heldUntilMs(keptMs, this.ttlMs),
          claim,
        };
        return hold;
      },
      end: () => seeker.end(),
    };
  }

  async renew(hold: Hold, signal: AbortSignal): Promise<number | null> {
    const askedMs = this.#clock.now();
    try {
      const stands = await this.#claims.keep((hold as EtcdHold).claim, signal);
      return stands ? heldUntilMs(askedMs, this.ttlMs) : LOST;
    } catch {
      return null;
    }
  }

  release(hold: Hold): Promise<void> {
    return this.#claims.release((hold as EtcdHold).claim);
  }

  close(): void {
    this.#claims.close();
  }
}
