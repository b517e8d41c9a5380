/**
 * How often calls are tried, as clients and calls say it.
 *
 * @module
 */

import { fields } from "../../foreign/option_checks.ts";
import { resolveMaxAttempts, type RetryOptions } from "./retry_policy.ts";

/**
 * How many attempts of a call may leave this process; 0: a failed attempt is
 * never followed by another.
 *
 * @throws {InternodeError} `InvalidArgument` for a number that makes no sense.
 */
export function resolveRetry(given: boolean | Partial<RetryOptions> | undefined): number {
  if (given === false) return 0;
  return resolveMaxAttempts(given === true ? undefined : fields("retry", given));
}

/** The same for one call, which may leave it to the client. */
export function maxAttemptsOf(
  given: boolean | Partial<RetryOptions> | undefined,
  fallback: number,
): number {
  return given === undefined ? fallback : resolveRetry(given);
}
