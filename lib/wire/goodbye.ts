/**
 * Finds the goodbye of a peer.
 *
 * @module
 */

import { FrameType, HEADER_BYTES } from "./frame.ts";

/**
 * Whether a batch holds a goodbye, after which its sender sends nothing more. A
 * malformed batch counts as one without a goodbye.
 *
 * @param view The bytes.
 * @param start Where the batch begins.
 * @param end Where it ends.
 */
export function holdsGoodbye(view: DataView, start: number, end: number): boolean {
  for (let at = start; at + HEADER_BYTES <= end;) {
    if (view.getUint8(at) === FrameType.goodbye) return true;
    at += HEADER_BYTES + view.getUint32(at + 4, true);
  }
  return false;
}
