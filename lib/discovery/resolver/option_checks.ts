/**
 * Checks of resolvers' options.
 *
 * @module
 */

import { shown } from "../../foreign/text_of.ts";
import { type InternodeError, invalidArgument } from "../../errors.ts";

/**
 * Lets a duration or count through.
 *
 * @param resolver Whose option it is, for the error.
 * @param name The option.
 * @param value What was given.
 * @param fallback Stands for one that is left out.
 * @returns The value.
 * @throws {InternodeError} `InvalidArgument` if it is no finite number above 0.
 */
export function positiveOption(
  resolver: string,
  name: string,
  value: number | undefined,
  fallback: number,
): number {
  if (value === undefined) return fallback;
  if (typeof value === "number" && value > 0 && value < Infinity) return value;
  throw invalidOption(resolver, name, `must be a number above 0, not ${shown(value)}`);
}

/**
 * An option that makes no sense.
 *
 * @param resolver Whose option it is.
 * @param name The option.
 * @param why What is wrong with it: "must be …".
 * @returns An error of code `InvalidArgument`.
 */
export function invalidOption(resolver: string, name: string, why: string): InternodeError {
  return invalidArgument(`Option ${name} of ${resolver} ${why}.`);
}
