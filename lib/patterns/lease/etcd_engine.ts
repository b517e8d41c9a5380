/**
 * Leases that etcd keeps.
 *
 * @module
 */

import type { EtcdClaim, EtcdClaims } from "../../discovery/etcd/etcd_claims.ts";
import type { Clock } from "../../runtime/clock.ts";
import { heldUntilMs, type Hold, type LeaseEngine, LOST, type NotGained } from "./lease_engine.ts";

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

  async gain(name: string, signal: AbortSignal): Promise<Hold | NotGained> {
    const askedMs = this.#clock.now();
    const claim = await this.#claims.claim(name, signal);
    if (typeof claim === "string") return { why: claim };
    const untilMs = heldUntilMs(askedMs, this.ttlMs);
    const hold: EtcdHold = { name, holder: claim.lease.id, token: claim.revision, untilMs, claim };
    return hold;
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
