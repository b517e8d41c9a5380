/**
 * What is logged of one replica's connections.
 *
 * @module
 */

import type { ErrorCode, InternodeError } from "../../errors.ts";
import type { EventLogger, LogEvent, LogFields } from "../../foreign/log_event.ts";
import { isOwnError } from "../../foreign/own_error.ts";
import { sentence, textOf } from "../../foreign/text_of.ts";
import { type FailureSummary, RepeatedFailures } from "../../rpc/connecting/repeated_failures.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { Link } from "../../driver/link.ts";
import { times } from "../../driver/repeated_lines.ts";

/** A failure that has lasted for so long, in milliseconds, does not pass by itself. */
const PASSING_MS = 60_000;
/** Codes of failures that do not pass by themselves. */
const LASTING: ReadonlySet<ErrorCode | undefined> = new Set<ErrorCode>([
  "Unauthenticated",
  "PermissionDenied",
  "InvalidArgument",
  "ProtocolError",
]);

/** How a kind of failure is logged: the event of the first line, and of repeated ones. */
interface FailureText {
  readonly event: LogEvent;
  readonly repeated: LogEvent;
  readonly what: string;
}

const UNREACHED: FailureText = {
  event: "peer_down",
  repeated: "dial_failed",
  what: "cannot be reached",
};
const UNRENEWED: FailureText = {
  event: "renewal_failed",
  repeated: "renewal_failed",
  what: "keeps its old connection, because a new one cannot be made",
};

/** Logs what changes, and does not repeat the same failure in every line. */
export class ReplicaLog {
  readonly #host: string;
  readonly #logger: EventLogger;
  readonly #connecting: RepeatedFailures;
  readonly #renewing: RepeatedFailures;

  /**
   * @param host The replica's address.
   * @param connecting Its failures to connect so far.
   * @param lastingMs For how long a renewed connection must last, in milliseconds.
   */
  constructor(
    host: string,
    logger: EventLogger,
    clock: Clock,
    connecting: RepeatedFailures,
    lastingMs: number,
  ) {
    this.#host = host;
    this.#logger = logger;
    this.#connecting = connecting;
    this.#renewing = new RepeatedFailures(clock, lastingMs);
  }

  /** There is a connection where there was none. */
  onConnected(link: Link): void {
    const sum = this.#connecting.onSuccess();
    this.#logSuccess(sum, sum === null ? "debug" : "info", "peer_up", "Connected to", link);
  }

  /** A connection has taken the place of an older one. */
  onRenewed(link: Link): void {
    const sum = this.#renewing.onSuccess(), level = (sum?.count ?? 0) > 0 ? "info" : "debug";
    this.#logSuccess(sum, level, "connection_renewed", "Renewed the connection to", link);
  }

  /** A connection was lost. */
  onLost(error: InternodeError): void {
    const host = this.#host, { code } = error, reason = error.message;
    const sum = this.#connecting.onFailure(`lost: ${code}`);
    this.#logger[sum === null ? "debug" : "warn"](
      `Lost the connection to ${host}${times(sum?.count ?? 1)}: ${sentence(reason)}`,
      { event: "connection_lost", host, code, reason, error, ...sum },
    );
  }

  /** An attempt to connect has failed. */
  onUnreached(error: unknown): void {
    this.#logFailure(this.#connecting, UNREACHED, error);
  }

  /** An attempt to renew the connection has failed. */
  onUnrenewed(error: unknown): void {
    this.#logFailure(this.#renewing, UNRENEWED, error);
  }

  #logSuccess(
    sum: FailureSummary | null,
    level: "debug" | "info",
    event: LogEvent,
    what: string,
    { remote }: Link,
  ): void {
    const host = this.#host, { count = 0, forMs = 0 } = sum ?? {};
    const after = count === 0
      ? ""
      : `, after ${count} failed ${count === 1 ? "attempt" : "attempts"} in ${seconds(forMs)}`;
    const fields: LogFields = { event, host, remote, ...count > 0 && sum };
    this.#logger[level](`${what} ${host}${after}.`, fields);
  }

  #logFailure(
    failures: RepeatedFailures,
    { event, repeated, what }: FailureText,
    error: unknown,
  ): void {
    const host = this.#host, reason = textOf(error);
    const code = isOwnError(error) ? error.code : undefined;
    const sum = failures.onFailure(String(code));
    const { count = 1, forMs = 0 } = sum ?? {};
    const isPassing = forMs < PASSING_MS && !LASTING.has(code);
    const since = forMs >= PASSING_MS ? `, for ${seconds(forMs)}` : "";
    this.#logger[sum === null ? "debug" : isPassing ? "info" : "warn"](
      `${host} ${what}${since}${times(count)}: ${sentence(reason)}`,
      { event: sum === null ? repeated : event, host, code, reason, error, ...sum },
    );
  }
}

function seconds(ms: number): string {
  return `${Math.ceil(ms / 1_000)} s`;
}
