/**
 * Limits how many calls there are in a second.
 *
 * @module
 */

import { InternodeError } from "../../errors.ts";
import { tell } from "../../foreign/guard.ts";
import { func, invalidOption, optionsOf, wholeNumber } from "../../foreign/option_checks.ts";
import { counted, shown } from "../../foreign/text_of.ts";
import { TokenBucket } from "../../wire/token_bucket.ts";
import type { InterceptedCall, Next } from "../contract/interceptor.ts";
import { clockOfCall } from "./interceptor_chain.ts";

/** Options of {@linkcode rateLimit}. */
export interface RateLimitOptions {
  /** How many calls there may be in a second, above 0. */
  readonly perSecond: number;
  /** How many there may be at once, at least 1. Default: `perSecond`, and at least 1. */
  readonly burst?: number | undefined;
  /** Whose calls are counted together: those with the same text. Whatever is no text, or throws, refuses the call. Default: those of one `host`. */
  readonly by?: ((call: InterceptedCall) => string) | undefined;
  /** For how many of these texts calls are counted apart, at least 1; those beyond share one count until others have been idle for long enough to be forgotten. Default: 10,000. */
  readonly maxKeys?: number | undefined;
}

/** How often forgetting is tried at most, in milliseconds, as it looks at all keys. */
const FORGET_EACH_MS = 1_000;

/**
 * Makes an interceptor for either side that lets so many calls through in a
 * second, and ends the others with `Overloaded`, which have not run. A request
 * and a stream count as one call each. It is an interceptor of one node, client
 * or server: each counts for itself.
 *
 * @param options How many, and of whom.
 * @returns The interceptor.
 * @throws {InternodeError} `InvalidArgument` for an option out of range.
 *
 * @example Each tenant has 100 calls a second
 * ```ts
 * import { Manager, rateLimit } from "@internode/grid";
 *
 * const byTenant = rateLimit({
 *   perSecond: 100,
 *   burst: 20,
 *   by: ({ metadata }) => metadata["tenant"] ?? "none",
 * });
 * const local = "memory://limited";
 * await using grid = new Manager({ local, hosts: [local], interceptors: { server: [byTenant] } });
 * console.log(grid.local);
 * ```
 */
export function rateLimit(
  options: RateLimitOptions,
): <Call extends InterceptedCall>(next: Next<Call>) => Next<Call> {
  const { perSecond, by = hostOf, maxKeys = 10_000 } = optionsOf("rateLimit", options);
  if (!(typeof perSecond === "number" && perSecond > 0 && perSecond < Infinity)) {
    throw invalidOption("perSecond", `must be a finite number above 0, not ${shown(perSecond)}`);
  }
  const { burst = Math.max(1, perSecond) } = options;
  if (!(typeof burst === "number" && burst >= 1 && burst < Infinity)) {
    throw invalidOption("burst", `must be a finite number of at least 1, not ${shown(burst)}`);
  }
  func("by", by);
  const buckets = new Buckets(burst, perSecond, wholeNumber("maxKeys", maxKeys, 1));
  return (next) => async (call) => {
    const key: unknown = by(call);
    if (typeof key !== "string") {
      // Nobody waits for a promise of a verdict, nor for its rejection.
      tell(() => key, () => {});
      throw new TypeError(`Option by of rateLimit must return a text, not ${shown(key)}.`);
    }
    const nowMs = clockOfCall(call).now();
    if (buckets.of(key, nowMs).take(1, nowMs)) return await next(call);
    throw new InternodeError(
      "Overloaded",
      `More than the ${
        counted(perSecond, "call")
      } per second that rateLimit allows were made. Try again later.`,
      { origin: call.side === "client" ? "local" : "remote", outcome: "notSent" },
    );
  };
}

function hostOf({ host }: InterceptedCall): string {
  return host;
}

/** A bucket for each key, and one for all keys for which there is no room. */
class Buckets {
  readonly #burst: number;
  readonly #perSecond: number;
  readonly #maxKeys: number;
  readonly #buckets = new Map<string, TokenBucket>();
  readonly #shared: TokenBucket;
  #forgotMs = -Infinity;

  constructor(burst: number, perSecond: number, maxKeys: number) {
    this.#burst = burst;
    this.#perSecond = perSecond;
    this.#maxKeys = maxKeys;
    this.#shared = new TokenBucket(burst, perSecond);
  }

  of(key: string, nowMs: number): TokenBucket {
    const found = this.#buckets.get(key);
    if (found !== undefined) return found;
    if (this.#buckets.size >= this.#maxKeys) this.#forget(nowMs);
    if (this.#buckets.size >= this.#maxKeys) return this.#shared;
    const made = new TokenBucket(this.#burst, this.#perSecond);
    this.#buckets.set(key, made);
    return made;
  }

  /** Those that are as good as new. */
  #forget(nowMs: number): void {
    if (nowMs < this.#forgotMs + FORGET_EACH_MS) return;
    this.#forgotMs = nowMs;
    for (const [key, bucket] of this.#buckets) {
      if (bucket.isFull(nowMs)) this.#buckets.delete(key);
    }
  }
}
