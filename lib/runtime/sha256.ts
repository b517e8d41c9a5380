/**
 * SHA-256, and secrets compared by it.
 *
 * @module
 */

import { nodeCrypto } from "./node/node_modules.ts";

/**
 * The SHA-256 hash of some bytes, at once; `crypto.subtle` has it only as a promise.
 *
 * @param bytes What to hash.
 * @returns 32 bytes.
 */
export function sha256(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(nodeCrypto().createHash("sha256").update(bytes).digest());
}

/**
 * Whether two secrets are the same. How long it takes tells nothing of where
 * they differ, nor of the length of the one that is known.
 *
 * @param given What somebody shows.
 * @param known What it must be.
 */
export function isSameSecret(given: string, known: string): boolean {
  const utf8 = new TextEncoder();
  return nodeCrypto().timingSafeEqual(sha256(utf8.encode(given)), sha256(utf8.encode(known)));
}
