/**
 * The identity of the other end of a connection, from its certificate.
 *
 * @module
 */

/** The names that a certificate gives to its owner (its subject alternative names, RFC 5280, 4.2.1.6). */
export interface PeerNames {
  /** DNS names as in the certificate; a wildcard keeps its star. */
  readonly dns: readonly string[];
  /** IP addresses in canonical form, without brackets. */
  readonly ip: readonly string[];
  /** URIs, such as SPIFFE ids, as in the certificate. */
  readonly uri: readonly string[];
}

/**
 * The identity of the other end of a connection. Channels with an identity have
 * verified it: the certificate comes from an authority that this side trusts,
 * and the other end has proven that it has the key.
 */
export interface PeerIdentity {
  /** The certificate's subject, for messages and logs: `CN=node-1,O=Example`. Use the names in `sans` for decisions. */
  readonly subject: string;
  /** The names that the certificate gives its owner. */
  readonly sans: PeerNames;
  /** SHA-256 of the certificate: 32 bytes in upper-case hex with colons between. */
  readonly fingerprint: string;
  /** Until when the certificate is valid, in milliseconds since 1970. Absent where a transport of the user does not say. */
  readonly expiresMs?: number | undefined;
}
