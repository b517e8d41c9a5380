/**
 * Logs connections that a listener refused or lost before their handshake was
 * done, and errors of the listener.
 *
 * @module
 */

import type { Refusal } from "../../session/frames/wire_error.ts";
import type { ErrorCode, InternodeError } from "../../errors.ts";
import {
  about,
  type EventLogger,
  type LogEvent,
  type LogFields,
  type LogLevel,
} from "../../foreign/log_event.ts";
import { isOwnError } from "../../foreign/own_error.ts";
import { sentence, textOf } from "../../foreign/text_of.ts";
import type { Clock } from "../../runtime/clock.ts";
import { remoteOf } from "../../transport/channel/hand_over.ts";
import type { Link } from "../../driver/link.ts";
import { RepeatedLines, times } from "../../driver/repeated_lines.ts";
import { RefusedRequest } from "../../transport/websocket/refused_request.ts";
import type { AuditTrail } from "./audit_trail.ts";
import type { RefusedConnection } from "../contract/audit.ts";

/** The other end, as far as it is known. */
export type ConnectionOrigin = Pick<RefusedConnection, "remote" | "caller" | "identity">;

/**
 * Logs connections that were refused, or that ended before their handshake was
 * done. The latter are logged at level `debug`, because health checks of load
 * balancers look the same. Repeated events are logged once, then as a sum.
 */
export class ListenerLog {
  /** The name of the listener. */
  local: string;
  readonly #logger: EventLogger;
  readonly #clock: Clock;
  readonly #audit: AuditTrail | null;
  readonly #lines = new RepeatedLines();
  readonly #trouble = new RepeatedLines();
  /** Since when connections cannot be accepted, while that lasts. */
  #troubleSinceMs: number | null = null;

  /**
   * @param local The name of the listener.
   * @param logger Receives the lines.
   * @param clock The source of time.
   * @param audit Receives an event for each refused connection. Default: none.
   */
  constructor(
    local: string,
    logger: EventLogger,
    clock: Clock,
    audit: AuditTrail | null = null,
  ) {
    this.local = local;
    this.#logger = logger;
    this.#clock = clock;
    this.#audit = audit;
  }

  /** A connection was accepted: the listener has recovered. */
  onAccepted(): void {
    if (this.#troubleSinceMs === null) return;
    const forMs = Math.round(this.#clock.now() - this.#troubleSinceMs);
    this.#troubleSinceMs = null;
    const local = this.local;
    this.#logger.info(`The listener at ${local} accepts connections again, after ${forMs} ms.`, {
      event: "listener_recovered",
      local,
      forMs,
      count: this.#trouble.end() ?? 0,
    });
  }

  /**
   * A session has ended before its handshake was done.
   *
   * @param link Its link.
   * @param error The reason.
   * @param caller The name that the other end has given, if it came so far.
   */
  onEnded(link: Link | null, { code, message }: InternodeError, caller?: string): void {
    const remote = link?.remote ?? "somewhere";
    const text = `The handshake with ${remote} failed: ${sentence(message)}`;
    const fields = { remote, code, reason: message };
    // Connections that this side closes as it closes itself are expected.
    const isQuiet = code === "Disconnected" || code === "Closed" || code === "GoingAway";
    if (isQuiet) return this.#write("debug", "connection_abandoned", text, fields);
    // Lists of hosts change at different times, so once is nothing to worry about.
    const first = code === "NotListed" ? "info" : "warn";
    this.#repeat(this.#lines, "warn", "connection_refused", text, fields, first);
    this.#tellAudit(code, message, { remote: link?.remote, identity: link?.identity, caller });
  }

  /**
   * A request was refused before it could become a connection.
   *
   * @param refusal Why.
   * @param origin Who asked, as far as it is known.
   */
  onRefused({ code, why: reason }: Refusal, origin: Partial<ConnectionOrigin> = {}): void {
    const text = `A connection was refused before its WebSocket upgrade: ${sentence(reason)}`;
    this.#repeat(this.#lines, "warn", "connection_refused", text, { reason });
    this.#tellAudit(code, reason, origin);
  }

  /** A connection was closed because too many are in their handshake. */
  onTooMany(limit: number, remote: string): void {
    const text =
      `${limit} connections to ${this.local} are in their handshake (maxUnproven); further ones are refused. Check which clients connect there.`;
    this.#repeat(this.#lines, "warn", "listener_overloaded", text, { limit });
    this.#tellAudit("Overloaded", `${limit} connections are in their handshake`, { remote });
  }

  /** A fault of this side has ended a connection before it had begun. */
  onFault(error: unknown): void {
    const text = `An internal error ended a connection at ${this.local}: ` +
      `${sentence(textOf(error))} Please report it with its stack.`;
    this.#repeat(this.#lines, "error", "internal_error", text, about(error));
  }

  /** A client has broken the protocol after its handshake, for which it needs no more than to have come. */
  onBreach(text: string, fields: Omit<LogFields, "event">): void {
    this.#repeat(this.#lines, "warn", "client_down", text, fields);
  }

  /** A connection came in that cannot be served, by a fault of who serves here. */
  onUnserved(what: string, error: unknown): void {
    const text = `${what}: ${sentence(textOf(error))}`;
    this.#repeat(this.#lines, "error", "connection_refused", text, about(error));
  }

  /** What `onError` of a transport's `ListenOptions` is given. */
  readonly onError = (error: unknown): void => {
    const reason = textOf(error), text = sentence(reason), local = this.local;
    if (!isOwnError(error)) {
      const told = `A connection could not be accepted at ${local}: ${text}`;
      return this.#repeat(this.#lines, "warn", "transport_failed", told, about(error));
    }
    const { code, cause } = error, fields = about(error);
    if (code === "Disconnected") {
      this.#write("debug", "connection_abandoned", text, { reason, code });
    } else if (cause instanceof RefusedRequest && cause.cause !== undefined) {
      const failure = { ...fields, what: "authorize", error: cause.cause };
      this.#repeat(this.#lines, "error", "callback_failed", text, failure);
      this.#tellAudit(code, reason, { remote: remoteOf(error) });
    } else if (code === "Unauthenticated" || code === "PermissionDenied") {
      this.#repeat(this.#lines, "warn", "connection_refused", text, fields);
      this.#tellAudit(code, reason, { remote: remoteOf(error) });
    } else if (code === "Overloaded") {
      this.#repeat(this.#lines, "warn", "listener_overloaded", text, { reason, code });
      this.#tellAudit(code, reason, { remote: remoteOf(error) });
    } else {
      this.#troubleSinceMs ??= this.#clock.now();
      const told = `The listener at ${local} cannot accept connections at the moment: ${text}`;
      this.#repeat(this.#trouble, "warn", "listener_trouble", told, fields);
    }
  };

  #tellAudit(code: ErrorCode, reason: string, origin: Partial<ConnectionOrigin> = {}): void {
    const { remote, caller, identity } = origin;
    this.#audit?.onConnection({ remote, caller, identity, code, reason });
  }

  /** What differs only in numbers, such as ports, is the same. */
  #repeat(
    lines: RepeatedLines,
    level: LogLevel,
    event: LogEvent,
    message: string,
    fields: Omit<LogFields, "event">,
    first = level,
  ): void {
    const count = lines.note(`${event} ${message.replace(/\d+/g, "0")}`, this.#clock.now());
    if (count === 0) return this.#write("debug", event, message, fields);
    const shown = count === 1 ? first : level;
    this.#write(shown, event, message + times(count), { ...fields, count });
  }

  #write(
    level: LogLevel,
    event: LogEvent,
    message: string,
    fields: Omit<LogFields, "event">,
  ): void {
    this.#logger[level](message, { event, local: this.local, ...fields });
  }
}
