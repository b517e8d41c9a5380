/**
 * How two nodes prove to each other that they belong to the same grid.
 *
 * @module
 */

/** The result of checking a token: its content if the signature is valid, or why it was refused. */
export type TokenVerdict = {
  /** The dialler that it was made for, as a host URL. */
  readonly name: string;
  /** A value that no other token has, such as its nonce. */
  readonly id: string;
  /** When it was made by the dialler's wall clock, in milliseconds since 1970. */
  readonly issuedMs: number;
  /** Until when it is accepted, by the acceptor's wall clock, in milliseconds since 1970. */
  readonly expiresMs: number;
} | {
  /** Why it is refused. */
  readonly refusal: string;
};

/** The content of a token whose signature is valid. */
export type TokenClaim = Extract<TokenVerdict, { readonly name: string }>;

/**
 * Makes and judges proofs. All methods are synchronous and keep no state, so
 * one authenticator serves any number of connections. The node makes sure that
 * a token is used only once.
 */
export interface Authenticator {
  /**
   * Proves to the other side of a handshake that this one knows the secret.
   *
   * @param role The side that proves; a proof of one side is not valid for the other.
   * @param transcript Everything that both sides sent before, with a fresh nonce of each.
   * @param peer The name that the other side has given; never empty.
   * @returns The proof: 32 bytes.
   */
  prove(
    role: "dialler" | "acceptor",
    transcript: Uint8Array,
    peer?: string,
  ): Uint8Array<ArrayBuffer>;
  /**
   * Judges a proof, in a time that does not depend on its bytes.
   *
   * @param role The side that has proven.
   * @param transcript The same bytes that the prover had.
   * @param proof What the prover sent, of any length.
   * @param peer The name that the prover has given, which the proof confirms if each peer has its own secret; never empty.
   * @returns Whether the prover knows the secret.
   */
  verify(
    role: "dialler" | "acceptor",
    transcript: Uint8Array,
    proof: Uint8Array,
    peer?: string,
  ): boolean;
  /**
   * Makes the token of a WebSocket upgrade request: signed, valid for a short
   * time, and only between these two names.
   *
   * @param local The dialler's name: a node's host URL, or the name of a service's client.
   * @param remote The acceptor's name, as a host URL; empty for a service's server, which has no name for its clients.
   * @param wallNowMs The wall clock, in milliseconds since 1970.
   * @returns A text of letters, digits, `-` and `_`.
   */
  token(local: string, remote: string, wallNowMs: number): string;
  /**
   * Judges the token of a WebSocket upgrade request.
   *
   * @param token The token; `null` if the request has none.
   * @param local The acceptor's name, as a host URL; empty for a service's server.
   * @param wallNowMs The wall clock, in milliseconds since 1970.
   * @returns Its content, or the reason why it is refused.
   */
  checkToken(token: string | null, local: string, wallNowMs: number): TokenVerdict;
}
