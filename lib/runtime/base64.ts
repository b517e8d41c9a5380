/**
 * Bytes as Base64 text. `Uint8Array` has methods for it, but not in Node 24.
 *
 * @module
 */

/** So many bytes at once may be the arguments of one call. */
const PART_BYTES = 8 * 1024;

/**
 * Writes bytes as Base64 with padding (RFC 4648 §4).
 *
 * @param bytes The bytes.
 * @returns The text.
 */
export function base64Of(bytes: Uint8Array): string {
  let binary = "";
  for (let at = 0; at < bytes.length; at += PART_BYTES) {
    binary += String.fromCharCode(...bytes.subarray(at, at + PART_BYTES));
  }
  return btoa(binary);
}

/**
 * Reads Base64; white space is passed over, and padding may be missing.
 *
 * @param text The text.
 * @returns The bytes.
 * @throws {DOMException} If it is none.
 */
export function bytesOfBase64(text: string): Uint8Array<ArrayBuffer> {
  const binary = atob(text), bytes = new Uint8Array(binary.length);
  for (let at = 0; at < binary.length; at++) bytes[at] = binary.charCodeAt(at);
  return bytes;
}

/**
 * Writes bytes as Base64 for URLs, without padding (RFC 4648 §5).
 *
 * @param bytes The bytes.
 * @returns The text.
 */
export function base64UrlOf(bytes: Uint8Array): string {
  return base64Of(bytes).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

/**
 * Reads Base64 for URLs.
 *
 * @param text The text.
 * @returns The bytes.
 * @throws {DOMException | SyntaxError} If it is none.
 */
export function bytesOfBase64Url(text: string): Uint8Array<ArrayBuffer> {
  if (/[+/]/.test(text)) throw new SyntaxError("Base64 for URLs holds neither + nor /");
  return bytesOfBase64(text.replaceAll("-", "+").replaceAll("_", "/"));
}
