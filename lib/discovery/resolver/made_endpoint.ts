/**
 * Endpoints of a user's making.
 *
 * @module
 */

import { invalidArgument } from "../../errors.ts";
import { tell } from "../../foreign/guard.ts";
import { type Endpoint, isEndpoint } from "../../transport/channel/endpoint.ts";

/**
 * Calls a user's `makeEndpoint`.
 *
 * @param make Calls it.
 * @throws {InternodeError} `InvalidArgument` if it gives no endpoint; what it throws itself.
 */
export function madeEndpoint(make: () => unknown): Endpoint {
  const made = make();
  if (isEndpoint(made)) return made;
  // It may be a promise, whose unhandled rejection would end the process.
  tell(() => made, () => {});
  throw invalidArgument(
    "makeEndpoint must return an endpoint, with an address and a dial function.",
  );
}
