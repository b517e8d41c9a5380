/**
 * The events and fields of log lines.
 *
 * @module
 */

import { guard } from "./guard.ts";
import { isError } from "./own_error.ts";
import { textOf } from "./text_of.ts";

/**
 * The event of a log line. It stays the same when texts change, so alerts can
 * match it.
 *
 * | event | when |
 * | --- | --- |
 * | `peer_up`, `peer_down` | a peer is connected (again); it cannot be reached |
 * | `connection_lost` | a connection ended unexpectedly |
 * | `connection_renewed`, `renewal_failed` | a connection was replaced by a newer one; the newer one could not be made |
 * | `host_admitted` | a host that is not listed was admitted by its certificate |
 * | `admin_action` | somebody has changed something by the admin service: `what` is `log_level` or `drain` |
 * | `hosts_changed` | hosts joined or left the list of a grid's hosts |
 * | `dial_failed` | an attempt to connect failed |
 * | `connection_refused` | a connection was refused by this side or by the peer |
 * | `connection_abandoned` | a connection was closed by its other side before the handshake, as by health checks |
 * | `listener_overloaded` | connections were refused, as too many were in their handshake (`maxUnproven`) |
 * | `client_up`, `client_down` | a client of a service connected; its connection ended |
 * | `listener_trouble`, `listener_recovered` | a listener cannot accept connections at the moment; it can again |
 * | `listener_failed` | a listener ended unexpectedly, or failed to close |
 * | `grace_over` | a node, client or server closed after its grace time, and calls that still ran were ended |
 * | `duplicate_name` | two processes use one name |
 * | `internal_error` | a fault of this library: please report it |
 * | `callback_failed` | a callback of the user threw an error; `what` names it |
 * | `logger_failed`, `authenticator_failed`, `transport_failed`, `balancer_failed` | the same for a method of that object |
 * | `call_ended` | a call has ended, for `logCalls` |
 * | `handler_failed`, `calls_refused` | a handler threw an error; its allow rule refused a caller |
 * | `listener_unauthenticated` | a connection from another machine was refused, as no authentication is set up |
 * | `codecs_interpreted` | codecs are interpreted, as the runtime does not allow code generation, which is slower |
 * | `certificate_expiring`, `certificate_expired`, `certificate_unused` | as the names say |
 * | `crl_expired` | a list of revoked certificates is out of date |
 * | `certificates_rejected`, `certificates_replaced` | new certificates are invalid and not used; they are in use |
 * | `resolver_failed`, `resolver_recovered` | a resolver failed, and the last endpoints stay in use; it works again |
 * | `endpoints_held`, `endpoints_back`, `endpoints_released` | too many endpoints vanished at once (`maxShrink`), and stay in use; they are all listed again; they are no longer used |
 * | `endpoint_ignored`, `endpoints_changed` | an endpoint from a resolver is invalid; servers were added or removed |
 * | `replica_set_aside`, `replica_back` | a server failed too often and gets no calls for a while; it gets calls again |
 * | `balancer_rejected` | a balancer rejected an update |
 * | `server_up`, `server_down` | a server started; it stopped |
 * | `worker_failed`, `worker_up`, `worker_ended` | a worker of a server failed, serves (again), or was ended |
 * | `registration_up`, `registration_failed`, `registration_changed`, `registration_removed` | a server was registered; that failed; another program changed the entry; it was removed |
 * | `lease_gained`, `lease_lost` | this node leads; a lease could not be renewed in time |
 * | `lease_refused` | voters of leases refuse this node, as it has other voters or another `ttlMs`; or it cannot stand |
 * | `lease_tokens_seeded` | no majority of voters knew the tokens of leases, as at a first start: they go on from the wall clock |
 */
export type LogEvent =
  | "admin_action"
  | "balancer_failed"
  | "balancer_rejected"
  | "call_ended"
  | "callback_failed"
  | "calls_refused"
  | "certificate_expired"
  | "certificate_expiring"
  | "certificate_unused"
  | "certificates_rejected"
  | "certificates_replaced"
  | "client_down"
  | "client_up"
  | "codecs_interpreted"
  | "crl_expired"
  | "authenticator_failed"
  | "connection_lost"
  | "connection_refused"
  | "connection_renewed"
  | "dial_failed"
  | "endpoint_ignored"
  | "endpoints_back"
  | "endpoints_changed"
  | "endpoints_held"
  | "endpoints_released"
  | "listener_unauthenticated"
  | "grace_over"
  | "handler_failed"
  | "host_admitted"
  | "hosts_changed"
  | "internal_error"
  | "lease_gained"
  | "lease_lost"
  | "lease_refused"
  | "lease_tokens_seeded"
  | "listener_failed"
  | "listener_recovered"
  | "listener_trouble"
  | "logger_failed"
  | "peer_down"
  | "peer_up"
  | "registration_changed"
  | "registration_failed"
  | "registration_removed"
  | "registration_up"
  | "renewal_failed"
  | "replica_back"
  | "replica_set_aside"
  | "resolver_failed"
  | "resolver_recovered"
  | "server_down"
  | "server_up"
  | "transport_failed"
  | "duplicate_name"
  | "connection_abandoned"
  | "listener_overloaded"
  | "worker_ended"
  | "worker_failed"
  | "worker_up";

/** The fields of a log line. */
export type LogFields = {
  /** What it is about. */
  readonly event: LogEvent;
  /** The other host, or the endpoint of a server, by the name that it is known by. */
  readonly host?: string | undefined;
  /** This host or listener, by its name. */
  readonly local?: string | undefined;
  /** Where the other end is: an address that was connected to or from. */
  readonly remote?: string | undefined;
  /** Several such addresses. */
  readonly remotes?: readonly string[] | undefined;
  /** The other process: its name for one life. */
  readonly instance?: string | undefined;
  /** Several such processes. */
  readonly instances?: readonly string[] | undefined;
  /** The name of a client, server, worker or service. */
  readonly name?: string | undefined;
  /** The contract of a handler. */
  readonly handler?: string | undefined;
  /** The subroute that was called. */
  readonly subroute?: string | undefined;
  /** Who called. */
  readonly caller?: string | undefined;
  /** A key of a registry. */
  readonly key?: string | undefined;
  /** The path of a file or folder. */
  readonly path?: string | undefined;
  /** What was called, such as `"onChange"`. */
  readonly what?: string | undefined;
  /** Who a certificate is of. */
  readonly subject?: string | undefined;
  /** When it expires, in ISO 8601. */
  readonly expires?: string | undefined;
  /** Why, in words. */
  readonly reason?: string | undefined;
  /** The code of the error: an `ErrorCode`, or one of the system. */
  readonly code?: string | undefined;
  /** The error itself, with its stack. */
  readonly error?: unknown;
  /** How often it happened since it was last logged, this time included. */
  readonly count?: number | undefined;
  /** For how long it was so, in milliseconds. */
  readonly forMs?: number | undefined;
  /** When it is tried again, in milliseconds from now. */
  readonly delayMs?: number | undefined;
  /** What the time or number that was passed is, in milliseconds or pieces. */
  readonly limit?: number | undefined;
  /** The grace time, in milliseconds. */
  readonly graceMs?: number | undefined;
  /** Calls that were made from here. */
  readonly made?: number | undefined;
  /** Calls that are served here. */
  readonly served?: number | undefined;
  /** Handlers that run. */
  readonly running?: number | undefined;
  /** Connections that have not received everything that was sent. */
  readonly unheard?: number | undefined;
  /** How the calls that were served have ended: the number of each error code, and of `OK`. */
  readonly answered?: Readonly<Record<string, number>> | undefined;
  /** Calls that were refused. */
  readonly refusedCalls?: number | undefined;
};

/**
 * A logger as this library calls it: no line without its event, as the
 * compiler sees. The levels are those of the user's `Logger`.
 */
export interface EventLogger {
  /** Attempts, probes, details. */
  debug(message: string, fields: LogFields): void;
  /** A change of state that an operator wants to see once. */
  info(message: string, fields: LogFields): void;
  /** What an operator must act on. */
  warn(message: string, fields: LogFields): void;
  /** Something of this process is broken. */
  error(message: string, fields: LogFields): void;
}

/** The levels of log lines. */
export type LogLevel = keyof EventLogger;

/** The fields of an error: its text, its code if it has one, and the error itself. None for `undefined`. */
export function about(error: unknown): Pick<LogFields, "reason" | "code" | "error"> {
  if (error === undefined) return {};
  const reason = textOf(error), code = codeOf(error);
  return code === undefined ? { reason, error } : { reason, code, error };
}

/** Also that of a system's error, such as `"ECONNREFUSED"`. */
function codeOf(error: unknown): string | undefined {
  return guard(() => {
    const code: unknown = isError(error) && "code" in error ? error.code : undefined;
    return typeof code === "string" ? code : undefined;
  }, () => undefined);
}
