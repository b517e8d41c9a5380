/**
 * How two nodes prove to each other that they belong to the same grid.
 *
 * @module
 */

/** What became of a token: what it says if its signature is good, or why it was refused. */
export type TokenVerdict = {
  /** The dialler that it speaks for, as a host URL. */
  readonly name: string;
  /** What no other token has, such as its nonce. */
  readonly id: string;
  /** When it was made by the dialler's wall clock, in milliseconds since 1970. */
  readonly issuedMs: number;
  /** Until when it is taken, by the acceptor's wall clock, in milliseconds since 1970. */
  readonly expiresMs: number;
} | {
  /** Why it is refused. */
  readonly refusal: string;
};

/** What a token says whose signature is good. */
export type TokenClaim = Extract<TokenVerdict, { readonly name: string }>;

/**
 * Makes and judges proofs. All of it is synchronous and keeps no state, so one
 * authenticator serves any number of connections. That a token is used once
 * only is the node's concern.
 */
export interface Authenticator {
  /**
   * Proves to the other side of a handshake that this one knows the secret.
   *
   * @param role The side that proves; a proof of one side is none for the other.
   * @param transcript All that both sides said before, with a fresh nonce of each.
   * @param peer The name by which the other side has called itself; always given.
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
   * @param peer The name by which the prover has called itself, which the proof makes true where secrets differ; always given.
   * @returns Whether the prover knows the secret.
   */
  verify(
    role: "dialler" | "acceptor",
    transcript: Uint8Array,
    proof: Uint8Array,
    peer?: string,
  ): boolean;
  /**
   * Makes the token of a WebSocket upgrade request: signed, soon expired, good
   * only between these two names.
   *
   * @param local The dialler's name: a node's host URL, or what a service's client calls itself.
   * @param remote The acceptor's name, as a host URL; empty for a service's server, whose clients know it by no name.
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
   * @returns What it says, or the reason for refusing it.
   */
  checkToken(token: string | null, local: string, wallNowMs: number): TokenVerdict;
}
