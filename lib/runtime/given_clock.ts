/**
 * Clocks and random numbers that users give.
 *
 * @module
 */

import { withMethods } from "../foreign/option_checks.ts";
import type { Clock, Random } from "./clock.ts";
import { systemClock } from "./system_clock.ts";
import { systemRandom } from "./system_random.ts";

/**
 * The clock that a user has given, or the system's.
 *
 * @throws {InternodeError} `InvalidArgument` for anything else.
 */
export function clockOf(given: Clock | undefined): Clock {
  if (given === undefined) return systemClock;
  const methods = ["now", "wallNow", "setTimer", "clearTimer", "defer", "soon"] as const;
  return withMethods("clock", given, ...methods);
}

/**
 * The random numbers that a user has given, or the system's.
 *
 * @throws {InternodeError} `InvalidArgument` for anything else.
 */
export function randomOf(given: Random | undefined): Random {
  return given === undefined ? systemRandom : withMethods("random", given, "next", "bytes");
}
