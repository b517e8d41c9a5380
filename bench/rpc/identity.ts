/**
 * Who the two processes of a bench are by mutual TLS.
 *
 * @module
 */

/** What a node shows, and whom it believes: what the `tls` of a `Manager` takes, all as PEM text. */
export interface NodeIdentity {
  /** Its certificate. */
  readonly cert: string;
  /** The certificate's key. */
  readonly key: string;
  /** The authorities. */
  readonly ca: string;
}

/** The name by which the raw socket of the floor is known. */
export const FLOOR_NAME = "floor.example";
