/**
 * Which calls are hedged.
 *
 * @module
 */

import { shown } from "../../foreign/text_of.ts";
import { fields, invalidOption, wholeNumber } from "../../foreign/option_checks.ts";
import { callFailure } from "../../rpc/calling/call_failure.ts";
import type { SingleMethod } from "./service.ts";
import type { HedgeOptions, ServiceCallOptions } from "./service_call_options.ts";

const DEFAULT_MAX_ATTEMPTS = 2;

/** How a call is hedged, complete. */
export type HedgePolicy = Required<{ [K in keyof HedgeOptions]: number }>;

/**
 * Fills in defaults and checks the values.
 *
 * @returns `null` if calls are not hedged.
 * @throws {InternodeError} `InvalidArgument`, naming the option.
 */
export function resolveHedge(given: HedgeOptions | false | undefined): HedgePolicy | null {
  if (given === undefined || given === false) return null;
  const { delayMs, maxAttempts = DEFAULT_MAX_ATTEMPTS } = fields("hedge", given)!;
  if (typeof delayMs !== "number" || !(delayMs >= 0 && delayMs < Infinity)) {
    throw invalidOption(
      "hedge.delayMs",
      `must be a finite number of at least 0, not ${shown(delayMs)}`,
    );
  }
  return { delayMs, maxAttempts: wholeNumber("hedge.maxAttempts", maxAttempts, 1) };
}

/** How one call is hedged; `null` if it is not, because it is off or the call is not idempotent. */
export function hedgeOf<Request, Response>(
  method: SingleMethod<Request, Response>,
  options: ServiceCallOptions,
  fallback: HedgePolicy | null,
): HedgePolicy | null {
  if (fallback === null && options.hedge === undefined) return null;
  const policy = options.hedge === undefined ? fallback : ownHedge(method, options.hedge);
  return options.idempotent ?? method.idempotent ? policy : null;
}

function ownHedge<Request, Response>(
  { contract }: SingleMethod<Request, Response>,
  given: HedgeOptions | false,
): HedgePolicy | null {
  try {
    return resolveHedge(given);
  } catch (error) {
    throw callFailure(error, "", contract, null);
  }
}
