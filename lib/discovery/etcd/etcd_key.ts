/**
 * Where endpoints stand in etcd.
 *
 * @module
 */

import { invalidOption } from "../resolver/option_checks.ts";
import { text } from "../../foreign/option_checks.ts";

/**
 * Gives the keys' common start, with one slash at its end, so that
 * `services/cache` does not hold what is under `services/cache2`.
 *
 * @param owner Whose option it is, for the error.
 * @param prefix What the user wrote.
 * @returns The start of all keys.
 * @throws {InternodeError} `InvalidArgument` for one that names nothing.
 */
export function keyStart(owner: string, prefix: string): string {
  const name = text("prefix", prefix).replace(/\/+$/, "");
  if (name === "") throw invalidOption(owner, "prefix", 'must name a service: "services/cache"');
  return `${name}/`;
}
