/**
 * Who the other end of a connection is, as its certificate says.
 *
 * @module
 */

/** The names that a certificate gives its owner (its subject alternative names, RFC 5280, 4.2.1.6). */
export interface PeerNames {
  /** DNS names, as they stand in the certificate; a wildcard keeps its star. */
  readonly dns: readonly string[];
  /** IP addresses in canonical form, without brackets. */
  readonly ip: readonly string[];
  /** URIs, such as SPIFFE ids, as they stand in the certificate. */
  readonly uri: readonly string[];
}

/**
 * Who the other end of a connection is. Channels that have one have verified
 * it: the certificate comes from an authority that this side believes, and the
 * other end has proven that it holds the key.
 */
export interface PeerIdentity {
  /** The certificate's subject, for messages and logs: `CN=node-1,O=Example`. Names to decide by are in `sans`. */
  readonly subject: string;
  /** The names that the certificate gives its owner. */
  readonly sans: PeerNames;
  /** SHA-256 of the certificate: 32 bytes in upper-case hex with colons between. */
  readonly fingerprint: string;
}
