/**
 * Majorities.
 *
 * @module
 */

import { wholeNumber } from "../../foreign/option_checks.ts";

/**
 * How many are a majority: any two majorities have a member in common.
 *
 * @param count How many there are.
 * @returns The least number above the half of it.
 * @throws {InternodeError} `InvalidArgument` unless it is a whole number of at least 1.
 *
 * @example
 * ```ts
 * import { majorityOf } from "@internode/grid/patterns";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals([1, 2, 3, 4, 5].map(majorityOf), [1, 2, 2, 3, 3]);
 * ```
 */
export function majorityOf(count: number): number {
  return Math.floor(wholeNumber("count", count, 1) / 2) + 1;
}
