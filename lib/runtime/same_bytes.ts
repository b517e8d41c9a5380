/**
 * Comparing secrets.
 *
 * @module
 */

import { timingSafeEqual } from "node:crypto";

/**
 * Whether two secrets are the same; takes as long for any two of one length.
 *
 * @param one Bytes.
 * @param two As many bytes.
 */
export function sameBytes(one: Uint8Array, two: Uint8Array): boolean {
  return one.length === two.length && timingSafeEqual(one, two);
}
