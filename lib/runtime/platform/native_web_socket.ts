/**
 * A runtime's own WebSocket and HTTP server.
 *
 * @module
 */

import type { NetAddress } from "./socket.ts";

/** How an HTTP server is run. */
export interface HttpServerOptions {
  /** Where it listens. */
  readonly hostname: string;
  /** The port; 0: any. */
  readonly port: number;
  /** Whether others may have the same port. */
  readonly sharePort: boolean;
  /** Its certificate, for `https`. */
  readonly cert?: string;
  /** The key of `cert`. */
  readonly key?: string;
  /** Ends it. */
  readonly signal: AbortSignal;
  /** Answers a request that failed. */
  onError(error: unknown): Response;
  /** Answers a request. */
  answer(request: Request, remote: NetAddress): Promise<Response>;
}

/** A server that runs. */
export interface HttpServer {
  /** Where it listens. */
  readonly addr: NetAddress;
  /** Settles when it has ended. */
  readonly finished: Promise<void>;
}

/** How a WebSocket is opened. */
export interface OpenOptions {
  /** What stands in the request. */
  readonly headers: Readonly<Record<string, string>>;
  /** Authorities believed beside the runtime's own. */
  readonly caCerts: readonly string[] | undefined;
}

/** A runtime's own WebSocket, on both sides. */
export interface NativeWebSocket {
  /** Dials. `release` is to be called once it is open or has failed. */
  open(url: string, options: OpenOptions): {
    readonly socket: WebSocket;
    readonly release: () => void;
  };
  /** Listens. Throws where it cannot. */
  serve(options: HttpServerOptions): HttpServer;
  /** Answers a request by going on as WebSocket. Throws for any other request. */
  upgrade(request: Request): { readonly socket: WebSocket; readonly response: Response };
}
