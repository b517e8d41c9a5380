/**
 * Bytes as hexadecimal text.
 *
 * @module
 */

const PAIRS: readonly string[] = Array.from(
  { length: 256 },
  (_, byte) => byte.toString(16).padStart(2, "0"),
);

/**
 * Writes bytes as hexadecimal text. `Uint8Array.prototype.toHex` does the same, but Node 24 has none.
 *
 * @param bytes The bytes.
 * @returns Two lower-case digits for each.
 */
export function hexOf(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at++) text += PAIRS[bytes[at]!]!;
  return text;
}
