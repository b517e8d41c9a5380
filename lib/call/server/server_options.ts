/**
 * The settings of a server.
 *
 * @module
 */

import { flag } from "../../foreign/option_checks.ts";
import type { Audit } from "../../rpc/contract/audit.ts";
import { auditOf } from "../../rpc/connecting/audit_trail.ts";
import { resolveGraceMs } from "../../rpc/connecting/close_options.ts";
import {
  type ConnectionOptions,
  type ConnectionSettings,
  resolveConnectionOptions,
} from "../../rpc/connecting/connection_options.ts";
import type { ServerCall, ServerInterceptor } from "../../rpc/contract/interceptor.ts";
import { type Chain, chainOf } from "../../rpc/interceptors/interceptor_chain.ts";
import { checkName } from "../service/own_name.ts";

/** The options of `serve` and `serveOn`. */
export interface ServeOptions extends ConnectionOptions {
  /** Stops the server. Default: none; it serves until its listener ends. */
  readonly signal?: AbortSignal | undefined;
  /** The server's name for its clients, 1 to 255 bytes. Default: the listener's address; `"server"` for `serveOn`. */
  readonly name?: string | undefined;
  /** How long running calls may take to finish when the server stops, in milliseconds; 0 ends them at once. Default: 5,000. */
  readonly graceMs?: number | undefined;
  /** Receives each call that this server refuses, and each connection that it refuses in the handshake or for its token, up to a rate. See `Audit`. The audit of `listen` receives connections that end earlier, such as in TLS. Default: no audit. */
  readonly audit?: Audit | undefined;
  /** Run around this server's handlers, the first outermost; see `ServerInterceptor`. Default: none, at no cost. */
  readonly interceptors?: readonly ServerInterceptor[] | undefined;
  /** Whether clients without authentication may be served at a listener that other machines can reach: without option `auth`, mutual TLS and `authorize`. Then every client that reaches it is served. Without this option such a server accepts listeners on `127.0.0.0/8`, `[::1]`, `localhost`, Unix sockets (whose directory decides who may connect) and in memory only, and custom listeners. Default: `false`. */
  readonly allowUnauthenticated?: boolean | undefined;
}

/** The same options, complete. */
export interface ServeSettings extends ConnectionSettings {
  /** See {@linkcode ServeOptions}. */
  readonly name: string;
  /** See {@linkcode ServeOptions}. */
  readonly graceMs: number;
  /** See {@linkcode ServeOptions}. */
  readonly audit: Audit | null;
  /** See {@linkcode ServeOptions}; `null` if there are none. */
  readonly chain: Chain<ServerCall> | null;
  /** See {@linkcode ServeOptions}. */
  readonly allowUnauthenticated: boolean;
}

/**
 * Fills in defaults and checks the values.
 *
 * @param given The user's options.
 * @param defaultName The default name of the server.
 * @throws {InternodeError} `InvalidArgument`, naming the option.
 */
export function resolveServeOptions(given: ServeOptions, defaultName: string): ServeSettings {
  const { name = defaultName, graceMs = 5_000, allowUnauthenticated = false } = given;
  if (given.name !== undefined) checkName(name);
  resolveGraceMs({ graceMs });
  flag("allowUnauthenticated", allowUnauthenticated, false);
  const audit = auditOf(given.audit), chain = chainOf("interceptors", given.interceptors);
  return { ...resolveConnectionOptions(given), name, graceMs, audit, chain, allowUnauthenticated };
}
