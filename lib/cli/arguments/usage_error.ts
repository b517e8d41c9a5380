/**
 * What a program says of a command line that makes no sense.
 *
 * @module
 */

/** A wrong option or operand; the message says which, and what it takes. */
export class UsageError extends Error {
  override name = "UsageError";
}
