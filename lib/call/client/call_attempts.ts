/**
 * The attempts of one call, as far as they have failed.
 *
 * @module
 */

import type { InternodeError } from "../../errors.ts";
import type { Replica } from "../balancers/balancer.ts";
import type { RetryBudget } from "../service/retry_budget.ts";
import { retryDelayMs, type RetryVerdict, retryVerdict } from "../service/retry_policy.ts";

/** What bounds the attempts of a call. */
export interface AttemptBounds {
  /** Whether the method may run twice. */
  readonly isIdempotent: boolean;
  /** How many attempts may leave this process. */
  readonly maxAttempts: number;
  /** Pays for those that were sent. */
  readonly budget: RetryBudget;
  /** A random number from 0 up to but not including 1. */
  readonly random: () => number;
}

/** Remembers what failed where, and says whether, where and when there may be another attempt. */
export class CallAttempts {
  /** The replicas that have had an attempt. */
  readonly tried: Set<Replica>;
  /** Why the last one failed; `null`: none has. */
  failure: InternodeError | null = null;
  /** Whether the handler may have run in one of them. */
  maybeExecuted = false;

  #verdict: RetryVerdict = "never";
  #sent = 0;
  #retries = 0;
  #hasWaited = false;

  /** @param tried Those that other attempts of the same call went to. */
  constructor(tried: Set<Replica>) {
    this.tried = tried;
  }

  /**
   * An attempt has failed.
   *
   * @param ready All replicas that can take calls.
   * @returns How long to wait before the next one, which is paid for then, in milliseconds; `null`: there is none.
   */
  onFailure(
    failure: InternodeError,
    failed: Replica,
    ready: readonly Replica[],
    bounds: AttemptBounds,
    nowMs: number,
  ): number | null {
    this.failure = failure;
    if (failure.outcome === "maybeExecuted") this.maybeExecuted = true;
    const { isIdempotent, maxAttempts, budget } = bounds;
    this.#verdict = retryVerdict(failure, isIdempotent, this.#sent + 1, maxAttempts);
    if (this.#verdict === "never") return null;
    this.tried.add(failed);
    const isElsewhere = ready.some((replica) => !this.tried.has(replica));
    if (this.#verdict === "elsewhere" && !isElsewhere) return null;
    if (this.#verdict !== "free") {
      if (!budget.tryRetry(nowMs)) return null;
      this.#sent++;
    }
    this.#retries++;
    this.#hasWaited = !isElsewhere;
    return this.#delayMs(this.#hasWaited, bounds.random);
  }

  /**
   * What becomes of the next attempt on the replica that was picked for it:
   * a balancer may have its reasons to prefer one that has failed to others.
   *
   * @param random A random number from 0 up to but not including 1.
   * @returns `0`: it is made now; a number of milliseconds: pick again after those; `null`: there is none.
   */
  onPicked(picked: Replica, random: () => number): number | null {
    if (this.failure === null || this.#hasWaited || !this.tried.has(picked)) return 0;
    if (this.#verdict === "elsewhere") return null;
    this.#hasWaited = true;
    return this.#delayMs(true, random);
  }

  #delayMs(wasTried: boolean, random: () => number): number {
    return retryDelayMs(this.#retries, wasTried, random());
  }
}
