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
import { checkName } from "../service/own_name.ts";

/** What `serve` and `serveOn` can be told. */
export interface ServeOptions extends ConnectionOptions {
  /** Stops the server. Default: none; it serves until its listener ends. */
  readonly signal?: AbortSignal | undefined;
  /** By which the server makes itself known to its clients, 1 to 255 bytes. Default: the listener's address; `"server"` for `serveOn`. */
  readonly name?: string | undefined;
  /** How long calls under way may take to finish when the server stops, in milliseconds; 0 ends them at once. Default: 5,000. */
  readonly graceMs?: number | undefined;
  /** Is called, within bounds, for each call that this server refuses, and for each connection that it refuses in the handshake or for its token. See `Audit`. The audit of `listen` is called for connections that end earlier, such as in TLS. Default: no audit. */
  readonly audit?: Audit | undefined;
  /** Whether clients may be served where other machines reach the listener though nobody asks them for proof: there is neither option `auth` nor mutual TLS nor `authorize`. All that reach it are served then. Without it such a server takes listeners on `127.0.0.0/8`, `[::1]`, `localhost`, Unix sockets (whose directory decides who may connect) and in memory only, and those of kinds of your own. Default: `false`. */
  readonly allowUnauthenticated?: boolean | undefined;
}

/** The same with everything filled in. */
export interface ServeSettings extends ConnectionSettings {
  /** See {@linkcode ServeOptions}. */
  readonly name: string;
  /** See {@linkcode ServeOptions}. */
  readonly graceMs: number;
  /** See {@linkcode ServeOptions}. */
  readonly audit: Audit | null;
  /** See {@linkcode ServeOptions}. */
  readonly allowUnauthenticated: boolean;
}

/**
 * Fills in what is missing and checks the rest.
 *
 * @param given What the user said.
 * @param defaultName The server's name unless there is one.
 * @throws {InternodeError} `InvalidArgument`, naming the option.
 */
export function resolveServeOptions(given: ServeOptions, defaultName: string): ServeSettings {
  const { name = defaultName, graceMs = 5_000, allowUnauthenticated = false } = given;
  if (given.name !== undefined) checkName(name);
  resolveGraceMs({ graceMs });
  flag("allowUnauthenticated", allowUnauthenticated, false);
  const audit = auditOf(given.audit);
  return { ...resolveConnectionOptions(given), name, graceMs, audit, allowUnauthenticated };
}
