/**
 * The retry options of clients and calls.
 *
 * @module
 */

import { fields } from "../../foreign/option_checks.ts";
import { resolveMaxAttempts, type RetryOptions } from "./retry_policy.ts";

/**
 * How many attempts of a call may leave this process; 0 for no retries at all.
 *
 * @throws {InternodeError} `InvalidArgument` for an invalid number.
 */
export function resolveRetry(given: boolean | Partial<RetryOptions> | undefined): number {
  if (given === false) return 0;
  return resolveMaxAttempts(given === true ? undefined : fields("retry", given));
}

/** The same for one call; by default that of the client. */
export function maxAttemptsOf(
  given: boolean | Partial<RetryOptions> | undefined,
  fallback: number,
): number {
  return given === undefined ? fallback : resolveRetry(given);
}
