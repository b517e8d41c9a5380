/**
 * The error for calls to the simulation that make no sense.
 *
 * @module
 */

import { InternodeError } from "../../errors.ts";

/** Says what is wrong with an argument. */
export function invalidArgument(message: string): InternodeError {
  return new InternodeError("InvalidArgument", message, { origin: "caller" });
}
