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
