/**
 * Endpoints of a user's making.
 *
 * @module
 */

import { invalidArgument } from "../../errors.ts";
import { guard, tell } from "../../foreign/guard.ts";
import { type Endpoint, isEndpoint } from "../../transport/channel/endpoint.ts";
import { func } from "../../foreign/option_checks.ts";
import { shown } from "../../foreign/text_of.ts";

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

/**
 * Checks a user's `makeEndpoint`.
 *
 * @throws {InternodeError} `InvalidArgument` if it is no function.
 */
// deno-lint-ignore no-explicit-any -- any function
export function makerOf<T extends (...args: any[]) => unknown>(
  given: T | undefined,
): T | undefined {
  return given === undefined ? undefined : func("makeEndpoint", given);
}

/**
 * Checks endpoints that a user has listed.
 *
 * @throws {InternodeError} `InvalidArgument` if they are no list of endpoints.
 */
export function listedEndpoints(given: Iterable<Endpoint>): readonly Endpoint[] {
  const isList = typeof given !== "string" && guard(() => Symbol.iterator in given, () => false);
  if (!isList) throw invalidArgument(`The endpoints must be a list, not ${shown(given)}.`);
  const listed = [...given], odd = listed.find((endpoint) => !isEndpoint(endpoint));
  if (odd === undefined && listed.every(isEndpoint)) return listed;
  throw invalidArgument(
    `Each of the endpoints must have an address and a dial function, unlike ${shown(odd)}.`,
  );
}
