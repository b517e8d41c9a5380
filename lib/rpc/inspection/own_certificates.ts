/**
 * Until when this side's own certificates are valid.
 *
 * @module
 */

import { credentialsOf } from "../../transport/certificates/known_credentials.ts";
import type { CertificateEnd } from "./inspection.ts";

/**
 * Of all transports that have certificates, each set of them once.
 *
 * @param transports The transports in use, or what else was made with credentials.
 */
export function ownCertificates(transports: Iterable<object | undefined>): CertificateEnd[] {
  const ends: CertificateEnd[] = [];
  for (const { current } of new Set(Array.from(transports, credentialsOf).filter(isKnown))) {
    const { subject, expiresMs, authoritiesExpireMs, crlExpiresMs } = current;
    ends.push({ whose: "own", host: "", subject, expiresMs });
    ends.push({ whose: "authorities", host: "", subject: "", expiresMs: authoritiesExpireMs });
    if (crlExpiresMs === Infinity) continue;
    ends.push({ whose: "revocations", host: "", subject: "", expiresMs: crlExpiresMs });
  }
  return ends;
}

function isKnown<T>(source: T | undefined): source is T {
  return source !== undefined;
}
