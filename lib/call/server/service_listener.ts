/**
 * The sources of a server's connections.
 *
 * @module
 */

import type { Authorize } from "../../transport/channel/authorization.ts";
import type { Channel } from "../../transport/channel/transport.ts";
import type { HandlerMap } from "./handler_map.ts";

/** An accepted connection and its handlers. */
export interface AcceptedConnection {
  /** The connection; the caller of `accept` owns it. */
  readonly channel: Channel;
  /** The handlers of its calls. */
  readonly handlers: HandlerMap;
  /** The name that the connection's token is valid for, which its client must have. Default: no token was required. */
  readonly name?: string | undefined;
}

/** Accepts connections for a server. Users may implement it for custom transports. */
export interface ServiceListener {
  /** The address at which it listens, as clients write it: `tcp://10.0.0.1:9000`. */
  readonly address: string;
  /** Whether all its channels are authenticated, as with mutual TLS. Otherwise `serve` asks for proof if the address is a host URL of this library that other machines reach; the maker of other kinds of addresses must decide. Default: `false`. */
  readonly guarded?: boolean | undefined;
  /**
   * Waits for the next connection. Called again after each connection, never
   * twice at a time.
   *
   * @returns The connection and its handlers. Rejects when the listener is closed or has failed for good; a single connection that fails must not end it.
   */
  accept(): Promise<AcceptedConnection>;
  /**
   * Sets the function that checks the tokens of WebSocket upgrade requests,
   * before any is accepted. `serve` calls it if it has a secret; earlier
   * requests must wait for it. If absent, no token is required, and the secret
   * is proven only after the upgrade.
   *
   * @param judge See `ListenOptions.authorize` of transports; `null` if no token is required.
   */
  judgeTokens?(judge: Authorize | null): void;
  /**
   * Calls back whenever new connections will differ from older ones, such as
   * with new certificates; clients are then soon asked for newer ones. Absent
   * if never.
   *
   * @returns A function that stops the callbacks.
   */
  onChange?(listener: () => void): () => void;
  /** Stops accepting; a pending `accept` rejects. Existing connections stay. Further calls do nothing. */
  close(): Promise<void>;
}
