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
   * Seals a dialler's hello, so that the acceptor may prove itself at once: one
   * round trip less until the first call. Authenticators without it, or without
   * `checkSeal`, take that round trip.
   *
   * @param hello The hello, and what proofs are bound to if it says that it is.
   * @param peer The name that the other side must have; empty if any may answer.
   * @returns The seal: 32 bytes. `null` if there is no secret for that name, or no single one.
   */
  seal?(hello: Uint8Array, peer: string): Uint8Array<ArrayBuffer> | null;
  /**
   * Judges the seal of a dialler's hello, in a time that does not depend on its
   * bytes. It lets nobody in: the dialler's proof must follow.
   *
   * @param hello The same bytes that the dialler had.
   * @param seal What the dialler sent.
   * @param peer The name that the dialler has given; never empty.
   * @returns Whether whoever made the hello knows the secret.
   */
  checkSeal?(hello: Uint8Array, seal: Uint8Array, peer: string): boolean;
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
