/**
 * SHA-256.
 *
 * @module
 */

import { createHash } from "node:crypto";

/**
 * The SHA-256 hash of some bytes, at once; `crypto.subtle` has it only as a promise.
 *
 * @param bytes What to hash.
 * @returns 32 bytes.
 */
export function sha256(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(createHash("sha256").update(bytes).digest());
}
