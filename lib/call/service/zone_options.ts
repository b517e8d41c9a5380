/**
 * The zone that a client runs in.
 *
 * @module
 */

import { shown } from "../../foreign/text_of.ts";
import { invalidOption } from "../../foreign/option_checks.ts";

/**
 * How a client prefers replicas in its own zone.
 *
 * With `k` zones, each is assumed to have `1/k` of the clients. If the
 * available replicas of the own zone have the mean weight of a zone, all calls
 * stay there. The less weight they have, the more calls go to other zones,
 * evenly and by weight, so that the calls of its own zone give a replica at
 * most `1 / enough` of its fair share: with 0.7, some 40 % more. There is no
 * threshold at which all calls move at once.
 */
export interface ZoneOptions {
  /** The own zone's name. */
  readonly name: string;
  /**
   * How much of the mean weight of all zones the own one needs for all calls to
   * stay: from above 0 to 1. With `enough`, 70 % by default, the share of the
   * calls that stays is `own weight / (mean weight × enough)`, and 1 at most.
   */
  readonly enough?: number | undefined;
}

/** The same options, complete. */
export interface ZoneSettings extends ZoneOptions {
  /** See {@linkcode ZoneOptions}. */
  readonly enough: number;
}

const DEFAULT_ENOUGH = 0.7;

/**
 * Fills in defaults and checks the values.
 *
 * @throws {InternodeError} `InvalidArgument`, naming the option.
 */
export function resolveZone(
  given: string | ZoneOptions | undefined,
): ZoneSettings | null {
  if (given === undefined) return null;
  const options: ZoneOptions | null = typeof given === "string" ? { name: given } : given;
  if (typeof options !== "object" || options === null) {
    throw invalidOption("zone", `must be a zone's name or { name, enough }, not ${shown(given)}`);
  }
  const { name, enough = DEFAULT_ENOUGH } = options;
  if (typeof name !== "string" || name === "") {
    throw invalidOption("zone", `must name a zone, such as "eu-1a", not ${shown(name)}`);
  }
  if (!(typeof enough === "number" && enough > 0 && enough <= 1)) {
    throw invalidOption("zone", `needs enough from above 0 to 1, not ${shown(enough)}`);
  }
  return { name, enough };
}
