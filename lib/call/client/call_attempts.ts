/**
 * The failed attempts of one call.
 *
 * @module
 */

import type { InternodeError } from "../../errors.ts";
import type { Replica } from "../balancers/balancer.ts";
import type { RetryBudget } from "../service/retry_budget.ts";
import { retryDelayMs, type RetryVerdict, retryVerdict } from "../service/retry_policy.ts";

/** The limits of a call's attempts. */
export interface AttemptBounds {
  /** Whether the method may run twice. */
  readonly isIdempotent: boolean;
  /** How many attempts may leave this process. */
  readonly maxAttempts: number;
  /** Pays for attempts that were sent. */
  readonly budget: RetryBudget;
  /** A random number from 0 up to but not including 1. */
  readonly random: () => number;
}

/** Remembers what failed where, and decides whether, where and when there may be another attempt. */
export class CallAttempts {
  /** The replicas that have had an attempt. */
  readonly tried: Set<Replica>;
  /** Why the last one failed; `null` if none has. */
  failure: InternodeError | null = null;
  /** Whether the handler may have run in one of them. */
  maybeExecuted = false;

  #verdict: RetryVerdict = "never";
  #sent = 0;
  #retries = 0;
  #hasWaited = false;

  /** @param tried The replicas that other attempts of the same call went to. */
  constructor(tried: Set<Replica>) {
    this.tried = tried;
  }

  /**
   * An attempt has failed.
   *
   * @param ready All replicas that can take calls.
   * @returns How long to wait before the next one, which is then paid for, in milliseconds; `null` if there is none.
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
   * What to do with the next attempt on the picked replica: a balancer may
   * prefer one that has failed.
   *
   * @param random A random number from 0 up to but not including 1.
   * @returns `0` to make it now; a number of milliseconds to pick again after; `null` if there is none.
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
