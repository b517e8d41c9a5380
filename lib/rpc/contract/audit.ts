/**
 * What an audit is told of: connections and calls that were refused.
 *
 * @module
 */

import type { ErrorCode } from "../../errors.ts";
import type { PeerIdentity } from "../../transport/channel/peer_identity.ts";

/** A connection that was refused. */
export interface RefusedConnection {
  /** Tells it apart. */
  readonly event: "connection_refused";
  /** When, in milliseconds since 1970. */
  readonly timeMs: number;
  /** The host, server or listener that refused it. */
  readonly local: string;
  /** Where it came from; `undefined` where that is not known, as in a server of the user's own. */
  readonly remote: string | undefined;
  /** What the other end calls itself, not proven; `undefined` if it did not come so far. At most 1,024 bytes. */
  readonly caller: string | undefined;
  /** Who the other end has proven to be by its certificate; `undefined` without mutual TLS, and where it failed. */
  readonly identity: PeerIdentity | undefined;
  /** `Unauthenticated`: it has not proven who it is; `PermissionDenied`: it may not connect; `Overloaded`: too many came at a time; `ProtocolError`: what it sent is not this protocol's. */
  readonly code: ErrorCode;
  /** Why, in words, on one line. */
  readonly reason: string;
}

/** A call that came and was answered without its handler. */
export interface RefusedCall {
  /** Tells it apart. */
  readonly event: "call_refused";
  /** When, in milliseconds since 1970. */
  readonly timeMs: number;
  /** The host or server that refused it. */
  readonly local: string;
  /** Where it came from. */
  readonly remote: string;
  /** The caller, as `HandlerContext.caller`. */
  readonly caller: string;
  /** Who the caller has proven to be by its certificate; `undefined` without mutual TLS. */
  readonly identity: PeerIdentity | undefined;
  /** The contract's name; what was asked for where there is no such handler. */
  readonly handler: string;
  /** The handler's name below the contract's; `""` if none. */
  readonly subroute: string;
  /** What kind of call it was. */
  readonly kind: "single" | "stream";
  /** `PermissionDenied`: the handler's `allow` rule does not know the caller; `UnknownHandler`: there is none; `Overloaded`: a limit was reached. */
  readonly code: ErrorCode;
  /** Why, in words, on one line. */
  readonly reason: string;
}

/** More was refused than is told one by one. */
export interface RefusalsLeftOut {
  /** Tells it apart. */
  readonly event: "refusals_left_out";
  /** When this is told, in milliseconds since 1970. */
  readonly timeMs: number;
  /** The host, server or listener that refused them. */
  readonly local: string;
  /** How many connections were refused and not told since this was told last. */
  readonly connections: number;
  /** How many calls. */
  readonly calls: number;
}

/** What an {@linkcode Audit} is told. */
export type AuditEvent = RefusedConnection | RefusedCall | RefusalsLeftOut;

/**
 * Is told of each connection and each call that was refused, for a record of
 * who tried what. Of connections, and of calls by themselves, 100 are told at
 * once and 10 a second; more are counted, and their numbers told in one event
 * 10 s later. Whoever leaves by himself before a word of refusal is not told.
 *
 * It is called within the turn that refuses, so it should do no more than
 * write the event down. What it throws, or rejects with, is logged and changes
 * nothing.
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
