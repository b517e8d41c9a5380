/**
 * Which calls are retried.
 *
 * @module
 */

import type { ErrorCode } from "../../errors.ts";
import { isOwnError } from "../../foreign/own_error.ts";
import { wholeNumber } from "../../foreign/option_checks.ts";

/** How often a call is tried. */
export interface RetryOptions {
  /**
   * How many attempts of a call may be sent, the first among them: a whole
   * number of at least 1. With 1, calls that were sent are not retried; calls
   * that could not be sent still go to another replica. Default: 4.
   */
  readonly maxAttempts?: number | undefined;
}

/** See {@linkcode RetryOptions}. */
export const DEFAULT_MAX_ATTEMPTS = 4;

/**
 * What comes after a failed attempt.
 *
 * - `never`: the call ends with the error
 * - `free`: another attempt, which takes nothing from the retry budget; this
 *   one does not count as an attempt
 * - `paid`: another attempt, if the retry budget has one left
 * - `elsewhere`: the same, but only on a replica that had no attempt yet
 */
export type RetryVerdict = "never" | "free" | "paid" | "elsewhere";

/** These would fail in the same way everywhere, or are what the caller wants. */
const FINAL: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  "Cancelled",
  "DeadlineExceeded",
  "HandlerFailed",
  "InvalidArgument",
  "InvalidPayload",
  "MessageTooLarge",
  "PermissionDenied",
  "Unauthenticated",
]);

/**
 * Decides whether a call is retried.
 *
 * | the attempt's error | any method | idempotent ones |
 * |---|---|---|
 * | `Cancelled`, `DeadlineExceeded`, `HandlerFailed`, `InvalidArgument`, `InvalidPayload`, `MessageTooLarge`, `PermissionDenied`, `Unauthenticated`, `Closed` by this side, and what is no `InternodeError` | never | never |
 * | outcome `executed` | never | never |
 * | outcome `maybeExecuted` | never | paid |
 * | outcome `notExecuted` | paid | paid |
 * | outcome `notSent` | free | free |
 * | `UnknownHandler`, `notExecuted` | elsewhere | elsewhere |
 * | `Overloaded`, `notSent` or `notExecuted` | paid | paid |
 *
 * - Free are attempts of which nothing left this process, as in gRPC's
 *   transparent retries (gRFC A6): they are no load for anyone. Time alone
 *   bounds them; the replica's connection is gone, so that they do not come
 *   in a loop. `Overloaded` is not free, as its connection is still there.
 * - `UnknownHandler` is tried on other replicas, as in a rolling upgrade some
 *   have a new method and others do not yet. A name that no replica knows
 *   costs at most `maxAttempts` quick answers.
 * - Attempts other than free ones are at most `maxAttempts`.
 *
 * @param error Why the attempt failed.
 * @param isIdempotent Whether the method may run twice.
 * @param attempts How many attempts count so far, this one included: all but those that were followed by a `free` one.
 * @param maxAttempts See {@linkcode RetryOptions}.
 */
export function retryVerdict(
  error: unknown,
  isIdempotent: boolean,
  attempts: number,
  maxAttempts: number,
): RetryVerdict {
  if (!isOwnError(error) || FINAL.has(error.code)) return "never";
  const { code, outcome, origin } = error;
  if (outcome === "executed" || outcome === "maybeExecuted" && !isIdempotent) return "never";
  if (code === "Closed" && (origin === "local" || origin === "caller")) return "never";
  if (outcome === "notSent" && code !== "Overloaded") return "free";
  if (attempts >= maxAttempts) return "never";
  return code === "UnknownHandler" ? "elsewhere" : "paid";
}

/** The wait before the first retry on a replica that had an attempt already, in milliseconds. */
const FIRST_DELAY_MS = 10;
const DELAY_FACTOR = 2;
const MAX_DELAY_MS = 1_000;
/** Each wait is shortened by a random part of up to this much. */
const DELAY_JITTER = 0.4;

/**
 * How long to wait before a retry, in milliseconds: 0 on a replica that had no
 * attempt of the call; otherwise 10 ms × 2ⁿ⁻¹ before the n-th retry, up to 1 s,
 * less up to 40 %.
 *
 * @param retry Which retry it will be, from 1.
 * @param wasTried Whether the replica had an attempt of the call.
 * @param random A random number from 0 up to but not including 1.
 */
export function retryDelayMs(retry: number, wasTried: boolean, random: number): number {
  if (!wasTried) return 0;
  const delayMs = Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * DELAY_FACTOR ** (retry - 1));
  return delayMs * (1 - DELAY_JITTER * random);
}

/**
 * The attempts that the options allow.
 *
 * @throws {InternodeError} `InvalidArgument` if they are not a whole number of at least 1.
 */
export function resolveMaxAttempts(options: RetryOptions | undefined): number {
  const { maxAttempts = DEFAULT_MAX_ATTEMPTS } = options ?? {};
  return wholeNumber("retry.maxAttempts", maxAttempts, 1);
}
