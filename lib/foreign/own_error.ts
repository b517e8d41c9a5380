/**
 * Telling this library's errors from what others throw.
 *
 * @module
 */

import { InternodeError } from "../errors.ts";

/**
 * Whether something is an error of this library. Never throws, as `instanceof`
 * does of a proxy that will not be looked at.
 *
 * @param thrown Anything.
 */
export function isOwnError(thrown: unknown): thrown is InternodeError {
  try {
    return thrown instanceof InternodeError;
  } catch {
    return false;
  }
}

/** Whether something is an error of this realm. Never throws. */
export function isError(thrown: unknown): thrown is Error {
  return isA(thrown, Error);
}

/** As `instanceof`, of anything that was thrown. Never throws. */
export function isA<Kind>(thrown: unknown, kind: new (...args: never[]) => Kind): thrown is Kind {
  try {
    return thrown instanceof kind;
  } catch {
    return false;
  }
}
