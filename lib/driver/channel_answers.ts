/**
 * What a channel of the user may answer, and what is said of it.
 *
 * @module
 */

/** Why a read or a write has failed whose promise was fulfilled. */
export const NO_COUNT = "the channel did not return the number of bytes.";

/** Why a piece that was handed out for a write has no bytes any more. */
export const TRANSFERRED =
  "the memory of a message was transferred while it was sent. Leave what was sent as it is.";

/** Whether that is how many bytes of so many were read or written; a channel of the user may tell anything. */
export function isCount(count: number, most: number): boolean {
  return count > 0 && count <= most && Number.isInteger(count);
}

/** The `then` of what is no promise. */
export function notPromised(): never {
  throw new TypeError("the channel returned no promise");
}
