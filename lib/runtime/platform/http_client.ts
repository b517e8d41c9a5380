/**
 * HTTP requests over TLS whose authorities the program names.
 *
 * @module
 */

/** Makes HTTP requests. */
export interface HttpClient {
  /** As the runtime's own `fetch`. */
  fetch(url: string, init: RequestInit): Promise<Response>;
  /** Closes the connections that it keeps. */
  close(): void;
}

/** How this side proves itself to a server that wants to know. */
export interface HttpIdentity {
  /** Its certificate, as PEM, and those between it and the authority. */
  readonly cert: string;
  /** The private key, as PEM. */
  readonly key: string;
}
