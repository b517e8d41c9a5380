/**
 * Ends connections whose certificates are revoked while they are open.
 *
 * @module
 */

import type { X509Certificate } from "node:crypto";
import { readCertificate } from "./certificate_facts.ts";
import type { CredentialSource } from "./mtls_credentials.ts";
import type { Revocation } from "./revocation_list.ts";

/** Identifies a certificate: its issuer's name and its serial number. */
export interface ShownCertificate {
  /** As `readCertificate` gives it. */
  readonly issuer: string;
  /** As `readCertificate` gives it. */
  readonly serial: string;
}

/** A connection that can be ended for a reason. */
interface Endable {
  /** The certificates for which its other end was trusted. */
  readonly shown: readonly ShownCertificate[];
  /** Settles when it has ended completely. */
  readonly ended: Promise<void>;
  /** Ends it. */
  fail(error: Error): void;
}

/** The kept facts of the certificates that were shown. */
export function shownOf(chain: readonly X509Certificate[]): readonly ShownCertificate[] {
  return chain.map((certificate) => {
    const { issuer, serial } = readCertificate(certificate.raw);
    return { issuer, serial };
  });
}

/**
 * Ends a connection as soon as one of the certificates for which it was trusted
 * is on a list. Otherwise it would stay open as long as connections may.
 *
 * @param source The source of lists, which has verified them.
 * @param channel The connection.
 * @returns The same.
 */
export function endWhenRevoked<Channel extends Endable>(
  source: CredentialSource,
  channel: Channel,
): Channel {
  const look = (): void => {
    if (isListed(channel.shown, source.current.revocation)) {
      channel.fail(new Error("a certificate of the other end was revoked"));
    }
  };
  const end = source.onChange(look);
  channel.ended.then(end);
  // The lists may have changed since its handshake began.
  look();
  return channel;
}

function isListed(shown: readonly ShownCertificate[], { lists }: Revocation): boolean {
  return shown.some(({ issuer, serial }) => {
    const own = lists.filter((list) => list.issuer === issuer);
    const newestMs = Math.max(...own.map(({ thisUpdateMs }) => thisUpdateMs));
    return own.some((list) =>
      list.thisUpdateMs === newestMs && list.revokedMs(serial) !== undefined
    );
  });
}
