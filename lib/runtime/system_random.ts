/**
 * The random numbers of real nodes.
 *
 * @module
 */

import type { Random } from "./clock.ts";

/** `crypto.getRandomValues` hands out no more at once. */
const MOST_AT_ONCE = 65_536;

/** The system's randomness: `Math.random` for jitter, the cryptographic source for bytes. */
export const systemRandom: Random = {
  next: () => Math.random(),
  bytes(count: number): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(count);
    for (let at = 0; at < count; at += MOST_AT_ONCE) {
      crypto.getRandomValues(bytes.subarray(at, at + MOST_AT_ONCE));
    }
    return bytes;
  },
};
