/**
 * What certificates in files say, for people.
 *
 * @module
 */

import { nodeCrypto } from "../../runtime/node/node_modules.ts";
import { readCertificate } from "./certificate_facts.ts";
import { shownSubject } from "./mtls_config.ts";
import { certificatesIn } from "./pem.ts";

/** What a certificate says. */
export interface ListedCertificate {
  /** Whose it is. */
  readonly subject: string;
  /** Who has issued it. */
  readonly issuer: string;
  /** Its DNS names, IP addresses and URIs, in this order. */
  readonly names: readonly string[];
  /** Whether it may issue others. */
  readonly isAuthority: boolean;
  /** From when on it is valid, in milliseconds since 1970. */
  readonly validFromMs: number;
  /** Until when it is valid. */
  readonly expiresMs: number;
}

/**
 * Reads the certificates of a text.
 *
 * @param text PEM, with anything between.
 * @returns One for each; none if there is none.
 * @throws {Error} If one cannot be read.
 */
export function listCertificates(text: string): readonly ListedCertificate[] {
  return certificatesIn(text).map((pem) => {
    const certificate = new (nodeCrypto().X509Certificate)(pem);
    const { dns, ip, uri } = readCertificate(certificate.raw).names;
    return {
      subject: shownSubject(certificate.subject),
      issuer: shownSubject(certificate.issuer),
      names: [...dns, ...ip, ...uri],
      isAuthority: certificate.ca,
      validFromMs: Date.parse(certificate.validFrom),
      expiresMs: Date.parse(certificate.validTo),
    };
  });
}
