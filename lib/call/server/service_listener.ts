/**
 * Where a server's connections come from.
 *
 * @module
 */

import type { Authorize } from "../../transport/channel/authorization.ts";
import type { Channel } from "../../transport/channel/transport.ts";
import type { HandlerMap } from "./handler_map.ts";

/** A connection that has come in, and what serves it. */
export interface AcceptedConnection {
  /** The connection; whoever accepted it owns it. */
  readonly channel: Channel;
  /** Serves its calls. */
  readonly handlers: HandlerMap;
  /** The name that the connection's token is good for, which its client must bear. Default: no token was asked for. */
  readonly name?: string | undefined;
}

/** Something that accepts connections for a server. Users may implement it for transports of their own. */
export interface ServiceListener {
  /** Where it listens, as clients write it: `tcp://10.0.0.1:9000`. */
  readonly address: string;
  /** Whether all its channels are authenticated, as with mutual TLS. Otherwise `serve` asks for proof if the address is a host URL of this library that other machines reach; what addresses of one's own kinds mean is for their maker to know. Default: `false`. */
  readonly guarded?: boolean | undefined;
  /**
   * Waits for the next connection. Called again after each that came, never twice at a time.
   *
   * @returns The connection and its handlers. Rejects when the listener is closed or has failed for good; a single connection that fails must not end it.
   */
  accept(): Promise<AcceptedConnection>;
  /**
   * Says who judges the tokens of WebSocket upgrade requests, before any is
   * accepted. `serve` does where it has a secret; requests that came before are
   * to wait for it. Absent: no token is asked for, and the secret is proven
   * after the upgrade alone.
   *
   * @param judge See `ListenOptions.authorize` of transports; `null`: no token is asked for.
   */
  judgeTokens?(judge: Authorize | null): void;
  /**
   * Calls back whenever connections that come from then on differ from those
   * that came before, as with new certificates; clients are asked for newer
   * ones soon. Absent: never.
   *
   * @returns A function that ends that.
   */
  onChange?(listener: () => void): () => void;
  /** Stops accepting; a pending `accept` rejects. Connections made stay. Any number of calls. */
  close(): Promise<void>;
}
