/**
 * Which certificates an authority has revoked.
 *
 * @module
 */

import type { X509Certificate } from "node:crypto";
import { nodeCrypto } from "../../runtime/node/node_modules.ts";
import { readCertificate } from "./certificate_facts.ts";
import { type CrlContent, readCrl } from "./crl_reader.ts";

/** A list of revoked certificates (CRL, RFC 5280, 5). It does not change. */
export class RevocationList {
  /** Its authority's name in DER, in hex, as `readCertificate` gives it; only its signature proves it. */
  readonly issuer: string;
  /** When it was made, in milliseconds since 1970. */
  readonly thisUpdateMs: number;
  /** When the next list is due; `Infinity` if it does not say. */
  readonly nextUpdateMs: number;
  readonly #content: CrlContent;
  /** Cached results of `isSignedBy`: certificates do not change either. */
  readonly #signers = new WeakMap<X509Certificate, boolean>();

  /**
   * Reads one.
   *
   * @param der Its bytes.
   * @throws {RangeError} If it is broken or not supported.
   */
  constructor(der: Uint8Array) {
    this.#content = readCrl(der);
    this.issuer = this.#content.issuer;
    this.thisUpdateMs = this.#content.thisUpdateMs;
    this.nextUpdateMs = this.#content.nextUpdateMs;
  }

  /** How many certificates are on it. */
  get size(): number {
    return this.#content.revoked.size;
  }

  /**
   * Since when a certificate is revoked, in milliseconds since 1970;
   * `undefined` if it is not.
   *
   * @param serial Its number, as `readCertificate` gives it.
   */
  revokedMs(serial: string): number | undefined {
    return this.#content.revoked.get(serial);
  }

  /** Whether an authority has signed it, and is allowed to. */
  isSignedBy(authority: X509Certificate): boolean {
    let isSigned = this.#signers.get(authority);
    if (isSigned === undefined) {
      isSigned = this.#verify(authority);
      this.#signers.set(authority, isSigned);
    }
    return isSigned;
  }

  #verify(authority: X509Certificate): boolean {
    const { constants, verify } = nodeCrypto();
    const { signed, signature, algorithm: { hash, saltBytes } } = this.#content;
    try {
      const { subject, mayRevoke } = readCertificate(authority.raw);
      if (!mayRevoke || subject !== this.issuer) return false;
      const key = authority.publicKey;
      return saltBytes === null ? verify(hash, signed, key, signature) : verify(
        hash,
        signed,
        { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: saltBytes },
        signature,
      );
    } catch {
      // A key of another kind, or a certificate that cannot be read.
      return false;
    }
  }
}

/** The revoked certificates. */
export interface Revocation {
  /** The lists; what none of them is about is not revoked. */
  readonly lists: readonly RevocationList[];
  /** What becomes of certificates whose authority's list has expired: `"warn"`, the list goes on to count; `"refuse"`, they are not trusted. */
  readonly expired: "warn" | "refuse";
}

/** Nothing is. */
export const NO_REVOCATION: Revocation = { lists: [], expired: "warn" };

/**
 * Why a certificate is not trusted that an authority has issued; `null`: its
 * list, if there is one, does not name it. Of several lists the newest counts.
 *
 * @param certificate The certificate.
 * @param issuer Who has issued it, as its signature has proven.
 * @param revocation What is known.
 * @param nowMs The current time, in milliseconds since 1970.
 */
export function revocationProblem(
  certificate: X509Certificate,
  issuer: X509Certificate,
  { lists, expired }: Revocation,
  nowMs: number,
): string | null {
  if (lists.length === 0) return null;
  const { serial, issuer: name } = readCertificate(certificate.raw);
  let newest: RevocationList | undefined;
  for (const list of lists) {
    if (list.issuer !== name || !list.isSignedBy(issuer)) continue;
    if (newest === undefined || list.thisUpdateMs > newest.thisUpdateMs) newest = list;
  }
  if (newest === undefined) return null;
  const revokedMs = newest.revokedMs(serial);
  if (revokedMs !== undefined) {
    return `was revoked by its authority on ${dayOf(revokedMs)} (serial number ${serial})`;
  }
  if (expired === "warn" || nowMs <= newest.nextUpdateMs) return null;
  return `may have been revoked: the revocation list of its authority has expired on ${
    dayOf(newest.nextUpdateMs)
  }`;
}

function dayOf(ms: number): string {
  return new Date(ms).toISOString();
}
