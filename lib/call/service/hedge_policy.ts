/**
 * Which calls are hedged.
 *
 * @module
 */

import { shown } from "../../foreign/text_of.ts";
import { invalidOption } from "../../rpc/connecting/connection_options.ts";
import type { SingleMethod } from "./service.ts";
import type { HedgeOptions, ServiceCallOptions } from "./service_call_options.ts";

const DEFAULT_MAX_ATTEMPTS = 2;

/** How a call is hedged, with everything filled in. */
export type HedgePolicy = Required<{ [K in keyof HedgeOptions]: number }>;

/**
 * Fills in what is missing and checks the numbers.
 *
 * @returns `null`: calls are not hedged.
 * @throws {InternodeError} `InvalidArgument`, naming the option.
 */
export function resolveHedge(given: HedgeOptions | false | undefined): HedgePolicy | null {
  if (given === undefined || given === false) return null;
  const { delayMs, maxAttempts = DEFAULT_MAX_ATTEMPTS } = given;
  if (typeof delayMs !== "number" || !(delayMs >= 0 && delayMs < Infinity)) {
    throw invalidOption(
      "hedge.delayMs",
      `must be a finite number of at least 0, not ${shown(delayMs)}`,
    );
  }
  if (!(Number.isInteger(maxAttempts) && maxAttempts >= 1)) {
    throw invalidOption(
      "hedge.maxAttempts",
      `must be a whole number of at least 1, not ${maxAttempts}`,
    );
  }
  return { delayMs, maxAttempts };
}

/** How one call is hedged; `null`: it is not, as nobody asks for it or it is not idempotent. */
export function hedgeOf<Request, Response>(
  method: SingleMethod<Request, Response>,
  options: ServiceCallOptions,
  fallback: HedgePolicy | null,
): HedgePolicy | null {
  if (fallback === null && options.hedge === undefined) return null;
  if (!(options.idempotent ?? method.idempotent)) return null;
  return options.hedge === undefined ? fallback : resolveHedge(options.hedge);
}
