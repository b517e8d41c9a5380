/**
 * The servers of both faces.
 *
 * @module
 */

import type { CallInFlight, CallsOptions } from "../contract/call_in_flight.ts";
import type { PeerIdentity } from "../../transport/channel/peer_identity.ts";
import type { ConnectionState } from "../contract/connection_state.ts";
import type { HandlerBundle } from "../contract/handler_bundle.ts";
import type { CloseOptions } from "./close_options.ts";
import type { ConnectionStats, ServerStats } from "./connection_stats.ts";

/** A connection of a server, with a peer of a grid or a client of a service. */
export interface ServerConnection {
  /** The peer's canonical URL, or the client's name. */
  readonly host: string;
  /** The state of the connection. */
  readonly state: ConnectionState;
  /** Who the other side has proven to be by its certificate, while it is connected; `undefined` otherwise, and without mutual TLS. */
  readonly identity: PeerIdentity | undefined;
  /** Counters of this connection. Reading them has a cost; keeping them has none. */
  stats(): ConnectionStats;
}

/**
 * A server: a node of a grid that listens (`Manager.listen`), or a server of
 * services (`serve`, `serveOn`). `await using` closes it at the end of a block.
 *
 * @typeParam C What its connections are.
 */
export interface Server<C extends ServerConnection = ServerConnection> extends AsyncDisposable {
  /** The address at which it listens; for `serveOn`, the other end of its connection. */
  readonly address: string;
  /** Its connections: those with all peers of a node, connected or not; those of a service's clients that have completed the handshake. */
  readonly connections: readonly C[];
  /** Resolves when the server was closed and all its connections have ended. Rejects with the listener's error when the listener fails by itself, which is logged as well. */
  readonly finished: Promise<void>;
  /**
   * Takes a bundle of handlers, such as `admin` of `@internode/grid/admin`; for a node the same as `Manager.handle`.
   *
   * @param bundle The bundle.
   * @param options The bundle's.
   * @throws {InternodeError} `InvalidArgument` for an option out of range, without `allow` where other machines can call without a certificate, and if it was taken before.
   */
  handle<Options extends object>(bundle: HandlerBundle<Options>, options?: Options): void;
  /** Counters over all connections, those that have ended included. */
  stats(): ServerStats;
  /**
   * The calls that have not ended, the oldest first, and handlers that still run
   * although their calls have ended. Nothing is kept for it: it costs what it
   * takes to ask.
   *
   * @param options Which, and how many.
   * @throws {InternodeError} `InvalidArgument`, naming the option that is wrong.
   */
  calls(options?: CallsOptions): readonly CallInFlight[];
  /**
   * Stops the server: it accepts nothing new, asks handlers to end soon
   * (`context.closing`), lets running calls finish within the grace time, and
   * closes its connections. The options of the first call apply; further calls
   * do nothing.
   *
   * @param options The grace time.
   * @returns Resolves when everything of the server is closed, at most `graceMs` and 2 seconds later. Rejects with `InvalidArgument`, and closes nothing, for a grace time out of range.
   */
  close(options?: CloseOptions): Promise<void>;
}
