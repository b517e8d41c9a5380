/**
 * The events of an audit: connections and calls that were refused, and what
 * was changed by the admin service.
 *
 * @module
 */

import type { ErrorCode } from "../../errors.ts";
import type { PeerIdentity } from "../../transport/channel/peer_identity.ts";

/** A connection that was refused. */
export interface RefusedConnection {
  /** The kind of event. */
  readonly event: "connection_refused";
  /** When, in milliseconds since 1970. */
  readonly timeMs: number;
  /** The host, server or listener that refused it. */
  readonly local: string;
  /** Its address; `undefined` if unknown, as in a server of the user. */
  readonly remote: string | undefined;
  /** The name that the other end has given, not proven; `undefined` if it did not come so far. At most 1,024 bytes. */
  readonly caller: string | undefined;
  /** The identity that the other end has proven by its certificate; `undefined` without mutual TLS, and if the handshake of mutual TLS failed. */
  readonly identity: PeerIdentity | undefined;
  /** `Unauthenticated`: it has not proven who it is; `PermissionDenied`: it may not connect; `Overloaded`: too many came at a time; `ProtocolError`: it did not follow the protocol. */
  readonly code: ErrorCode;
  /** Why, in words, on one line. */
  readonly reason: string;
}

/** A call that was answered without its handler. */
export interface RefusedCall {
  /** The kind of event. */
  readonly event: "call_refused";
  /** When, in milliseconds since 1970. */
  readonly timeMs: number;
  /** The host or server that refused it. */
  readonly local: string;
  /** Its address. */
  readonly remote: string;
  /** The caller, as `HandlerContext.caller`. */
  readonly caller: string;
  /** The identity that the caller has proven by its certificate; `undefined` without mutual TLS. */
  readonly identity: PeerIdentity | undefined;
  /** The contract's name, or the name that was called if there is no such handler. */
  readonly handler: string;
  /** The subroute; `""` if there is none. */
  readonly subroute: string;
  /** The kind of call. */
  readonly kind: "single" | "stream";
  /** `PermissionDenied`: the handler's `allow` rule refuses the caller; `UnknownHandler`: there is no such handler; `Overloaded`: a limit was reached. */
  readonly code: ErrorCode;
  /** Why, in words, on one line. */
  readonly reason: string;
}

/** More was refused than is reported one by one. */
export interface RefusalsLeftOut {
  /** The kind of event. */
  readonly event: "refusals_left_out";
  /** When this is reported, in milliseconds since 1970. */
  readonly timeMs: number;
  /** The host, server or listener that refused them. */
  readonly local: string;
  /** How many connections were refused without an event since the last such report. */
  readonly connections: number;
  /** How many calls. */
  readonly calls: number;
}

/** Somebody has changed something by the admin service. */
export interface AdminAction {
  /** The kind of event. */
  readonly event: "admin_action";
  /** When, in milliseconds since 1970. */
  readonly timeMs: number;
  /** The host or server that was changed. */
  readonly local: string;
  /** The address of who did it. */
  readonly remote: string;
  /** The name of who did it, as `HandlerContext.caller`. */
  readonly caller: string;
  /** The identity that the caller has proven by its certificate; `undefined` without mutual TLS. */
  readonly identity: PeerIdentity | undefined;
  /** What was done: the level of log lines was changed, or the host or server is taken out of service. */
  readonly action: "log_level" | "drain";
  /** The same in words, on one line. */
  readonly detail: string;
}

/** An event of an {@linkcode Audit}. */
export type AuditEvent = RefusedConnection | RefusedCall | RefusalsLeftOut | AdminAction;

/**
 * Receives an event for each connection and each call that was refused, for a
 * record of who tried what. For connections, and separately for calls, 100 are
 * reported at once and 10 per second; more are counted, and their numbers
 * reported in one event 10 s later. Peers that leave before they are refused
 * are not reported. What somebody changes by the admin service is reported, too.
 *
 * It is called within the turn that refuses, so it should only store the event.
 * What it throws, or rejects with, is logged and changes nothing.
 *
 * @example
 * ```ts
 * import { type AuditEvent, Manager } from "@internode/grid";
 *
 * const seen: AuditEvent[] = [];
 * const audit = (event: AuditEvent): void => void seen.push(event);
 * const hosts = ["memory://vault-1", "memory://vault-2"];
 * await using grid = new Manager({ local: "memory://vault-1", hosts, audit });
 * await grid.listen();
 * ```
 */
export type Audit = (event: AuditEvent) => void;
