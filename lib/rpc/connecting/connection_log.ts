/**
 * What is logged of the connection to one peer.
 *
 * @module
 */

import type { ErrorCode, InternodeError } from "../../errors.ts";
import { about, type EventLogger, type LogEvent } from "../../foreign/log_event.ts";
import { isOwnError } from "../../foreign/own_error.ts";
import { counted, sentence, textOf } from "../../foreign/text_of.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { Link } from "../../driver/link.ts";
import { times } from "../../driver/repeated_lines.ts";
import { type FailureSummary, RepeatedFailures } from "./repeated_failures.ts";

/** How long a failure must last, in milliseconds, to count as one that does not pass by itself. */
const PASSING_MS = 60_000;
/** Codes of refusals, which do not pass by themselves. */
const REFUSALS: ReadonlySet<ErrorCode> = new Set(["Unauthenticated", "PermissionDenied"]);
/** Codes of other failures that do not pass by themselves. */
const LASTING: ReadonlySet<ErrorCode> = new Set(["InvalidArgument", "ProtocolError"]);

/** How a kind of failure is logged. */
interface FailureText {
  /** The event of the first line, and of repeated ones. */
  readonly event: LogEvent;
  readonly repeated: LogEvent;
  readonly what: string;
  /** What the failure leads to. */
  readonly then: string;
  /** Whether it is known not to pass by itself. */
  readonly isLasting: boolean;
}

/** Logs each change, and does not repeat the same failure in every line. */
export class ConnectionLog {
  readonly #host: string;
  readonly #logger: EventLogger;
  readonly #clock: Clock;
  readonly #lastingMs: number;
  readonly #connecting: RepeatedFailures;
  /** Made at the first failure: most connections are renewed without failures. */
  #renewing: RepeatedFailures | null = null;

  /**
   * @param host The peer, or the replica's address.
   * @param lastingMs How long a connection must last before its loss starts a new series of failures, in milliseconds.
   * @param connecting Its failures to connect so far.
   */
  constructor(
    host: string,
    { logger, clock }: { readonly logger: EventLogger; readonly clock: Clock },
    lastingMs: number,
    connecting: RepeatedFailures = new RepeatedFailures(clock, lastingMs),
  ) {
    this.#host = host;
    this.#logger = logger;
    this.#clock = clock;
    this.#lastingMs = lastingMs;
    this.#connecting = connecting;
  }

  /** There is a connection where there was none. */
  onConnected(link: Pick<Link, "remote">, instance: string): void {
    const sum = this.#connecting.onSuccess(), level = sum === null ? "debug" : "info";
    this.#logSuccess(level, "peer_up", "Connected to", sum, link, instance);
  }

  /** A connection has taken the place of an older one. */
  onRenewed(link: Pick<Link, "remote">, instance: string): void {
    const sum = this.#renewing?.onSuccess() ?? null;
    const level = sum === null || sum.count === 0 ? "debug" : "info";
    this.#logSuccess(level, "connection_renewed", "Renewed the connection to", sum, link, instance);
  }

  /** The connection was lost. */
  onLost({ remote }: Pick<Link, "remote">, error: InternodeError): void {
    // Losses that differ only in numbers, such as times, are of one kind.
    const kind = `lost: ${error.message.replace(/\d+/g, "0")}`;
    const host = this.#host, sum = this.#connecting.onFailure(kind);
    this.#logger[sum === null ? "debug" : "warn"](
      `Lost the connection to ${host}: ${sentence(error.message)}${times(sum?.count ?? 1)}`,
      { event: "connection_lost", host, remote, ...about(error), ...sum },
    );
  }

  /** The peer is down: it could not be reached, or it is closing. */
  onUnreached(error: unknown): void {
    const host = this.#host, isRefusal = isOwnError(error) && REFUSALS.has(error.code);
    const event = isRefusal ? "connection_refused" : "peer_down";
    const what = isRefusal ? `The connection to ${host} was refused` : `${host} cannot be reached`;
    const isLasting = isRefusal || isOwnError(error) && LASTING.has(error.code);
    const text = { event, repeated: "dial_failed", what, then: "", isLasting } as const;
    this.#logFailure(this.#connecting, text, error);
  }

  /** The connection could not be renewed, and stays. */
  onRenewalFailed(error: unknown): void {
    const event = "renewal_failed", what = `Could not renew the connection to ${this.#host}`;
    const then = " The old connection stays in use, and the renewal is tried again.";
    this.#renewing ??= new RepeatedFailures(this.#clock, this.#lastingMs);
    // The peer was reachable, and the connection ends when it is too old.
    const text = { event, repeated: event, what, then, isLasting: true } as const;
    this.#logFailure(this.#renewing, text, error);
  }

  /** A function of the user's that has to do with this connection has thrown. */
  onCallbackFailed(what: string, error: unknown): void {
    const host = this.#host, text = `${what} of ${host} threw an error: ${sentence(textOf(error))}`;
    this.#logger.error(text, { event: "callback_failed", host, what, ...about(error) });
  }

  #logSuccess(
    level: "debug" | "info",
    event: LogEvent,
    what: string,
    sum: FailureSummary | null,
    { remote }: Pick<Link, "remote">,
    instance: string,
  ): void {
    const host = this.#host, { count = 0, forMs = 0 } = sum ?? {};
    const after = count === 0
      ? ""
      : `, after ${counted(count, "failed attempt")} in ${seconds(forMs)}`;
    const fields = { event, host, remote, instance, ...count > 0 && sum };
    this.#logger[level](`${what} ${host}${after}.`, fields);
  }

  #logFailure(
    failures: RepeatedFailures,
    { event, repeated, what, then, isLasting }: FailureText,
    error: unknown,
  ): void {
    const sum = failures.onFailure(isOwnError(error) ? error.code : "unknown");
    const { count = 1, forMs = 0 } = sum ?? {};
    const isLong = forMs >= PASSING_MS, level = isLong || isLasting ? "warn" : "info";
    const reason = sentence(textOf(error)), since = isLong ? `, for ${seconds(forMs)}` : "";
    this.#logger[sum === null ? "debug" : level](
      `${what}${since}: ${reason}${then}${times(count)}`,
      {
        event: sum === null ? repeated : event,
        host: this.#host,
        ...about(error),
        ...sum,
      },
    );
  }
}

function seconds(ms: number): string {
  return `${Math.ceil(ms / 1_000)} s`;
}
