/**
 * Parts of PEM texts: one file may contain certificates and a key.
 *
 * @module
 */

import { base64Of, bytesOfBase64 } from "../../runtime/base64.ts";

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;
const CRL = /-----BEGIN X509 CRL-----([^-]+)-----END X509 CRL-----/g;
const PRIVATE_KEY = /-----BEGIN ((?:[A-Z0-9]+ )*PRIVATE KEY)-----[^]+?-----END \1-----/g;

/**
 * The certificates in a text.
 *
 * @param text PEM, with anything between.
 * @returns One text for each; none if it is not a text.
 */
export function certificatesIn(text: string): readonly string[] {
  return typeof text === "string" ? text.match(CERTIFICATE) ?? [] : [];
}

/**
 * The lists of revoked certificates in a text.
 *
 * @param text PEM, with anything between.
 * @returns The bytes of each; none if it is not a text.
 * @throws {SyntaxError} If one is not in base64.
 */
export function crlsIn(text: string): readonly Uint8Array[] {
  if (typeof text !== "string") return [];
  return [...text.matchAll(CRL)].map(([, body]) => bytesOfBase64(body!));
}

/**
 * A list of revoked certificates as PEM text.
 *
 * @param bytes PEM, which is returned unchanged, or DER.
 */
export function crlText(bytes: Uint8Array): string {
  // DER begins with the tag of a sequence.
  if (bytes[0] !== 0x30) return new TextDecoder().decode(bytes);
  return `-----BEGIN X509 CRL-----\n${base64Of(bytes)}\n-----END X509 CRL-----\n`;
}

/**
 * The private keys in a text.
 *
 * @param text PEM, with anything between.
 * @returns One text for each; none if it is not a text.
 */
export function privateKeysIn(text: string): readonly string[] {
  return typeof text === "string" ? text.match(PRIVATE_KEY) ?? [] : [];
}

/**
 * What of a text is its certificates, as whoever takes PEM wants it.
 *
 * @param text PEM.
 * @returns The certificates alone; the text itself if there are none, so that its taker can say what is wrong.
 */
export function certificatesOf(text: string): string {
  return joined(certificatesIn(text)) || text;
}

/** The same for its first private key. */
export function privateKeyOf(text: string): string {
  return joined(privateKeysIn(text).slice(0, 1)) || text;
}

function joined(parts: readonly string[]): string {
  return parts.map((part) => `${part}\n`).join("");
}
