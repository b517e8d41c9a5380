/**
 * The attempts of one call that run at the same time.
 *
 * @module
 */

import type { Replica } from "../balancers/balancer.ts";

/** The shared state of a hedged call's attempts. */
export interface Hedge {
  /** The replicas that have had an attempt. */
  readonly tried: Set<Replica>;
  /** Whether one of the calls was counted already. */
  readonly isCounted: boolean;
  /** Whether a replica has one of the calls now. */
  has(replica: Replica): boolean;
  /** The number of the next attempt, from 1 on. */
  nextAttempt(): number;
}
