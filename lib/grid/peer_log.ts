/**
 * What the log tells of the connection to one peer.
 *
 * @module
 */

import type { ErrorCode, InternodeError } from "../errors.ts";
import { about, type EventLogger } from "../foreign/log_event.ts";
import { isOwnError } from "../foreign/own_error.ts";
import { sentence, textOf } from "../foreign/text_of.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Link } from "../driver/link.ts";
import { RepeatedLines, times } from "../driver/repeated_lines.ts";

/** Codes of refusals, which do not pass by themselves. */
const REFUSALS: ReadonlySet<ErrorCode> = new Set(["Unauthenticated", "PermissionDenied"]);

/** Tells of changes once, and of what goes on in sums. */
export class PeerLog {
  readonly #host: string;
  readonly #logger: EventLogger;
  readonly #clock: Clock;
  /** Losses and refusals, by their reason: both may repeat themselves however often there is a connection between. */
  readonly #lines = new RepeatedLines();
  /** Failed attempts since there was a connection, or since it was renewed. */
  #attempts = 0;
  /** Since when there is none. */
  #downSinceMs: number | null = null;
  #isLossTold = true;

  /** @param host The peer. */
  constructor(host: string, logger: EventLogger, clock: Clock) {
    this.#host = host;
    this.#logger = logger;
    this.#clock = clock;
  }

  /** There is a connection. */
  onUp(link: Link, instance: string): void {
    const host = this.#host, count = this.#attempts, downMs = this.#downSinceMs;
    const fields = { event: "peer_up", host, remote: link.remote, instance } as const;
    const level = this.#isLossTold ? "info" : "debug";
    if (downMs === null) {
      this.#logger[level](`Connected to ${host}.`, fields);
    } else {
      const forMs = Math.round(this.#clock.now() - downMs);
      const text = `Connected to ${host} again, after ${forMs} ms and ${count} failed attempts.`;
      this.#logger[level](text, { ...fields, forMs, count });
    }
    this.#attempts = 0;
    this.#downSinceMs = null;
  }

  /** It was replaced by a newer one. */
  onRenewed(link: Link, instance: string): void {
    const host = this.#host, { remote } = link;
    const fields = { event: "connection_renewed", host, remote, instance } as const;
    const count = this.#attempts;
    this.#attempts = 0;
    if (count === 0) return this.#logger.debug(`Renewed the connection to ${host}.`, fields);
    const text = `Renewed the connection to ${host}, after ${count} failed attempts.`;
    this.#logger.info(text, { ...fields, count });
  }

  /** That has failed; the connection stays as it is. */
  onRenewalFailed(error: unknown): void {
    const host = this.#host, level = this.#attempts++ === 0 ? "warn" : "debug";
    const text = `Could not renew the connection to ${host}: ${sentence(textOf(error))} ` +
      "The old connection stays in use, and the renewal is tried again.";
    const fields = { host, count: this.#attempts, ...about(error) };
    this.#logger[level](text, { event: "renewal_failed", ...fields });
  }

  /** The connection was lost. */
  onLost(link: Link, error: InternodeError): void {
    this.#downSinceMs ??= this.#clock.now();
    const host = this.#host;
    const count = this.#lines.note(`lost ${error.message}`, this.#clock.now());
    this.#isLossTold = count > 0;
    const level = count === 0 ? "debug" : "warn";
    const text = `Lost the connection to ${host}: ${sentence(error.message)}${times(count)}`;
    const fields = { host, remote: link.remote, count, ...about(error) };
    this.#logger[level](text, { event: "connection_lost", ...fields });
  }

  /** An attempt to connect failed. A refusal does not pass by itself. */
  onAttemptFailed(error: unknown): void {
    this.#attempts++;
    this.#downSinceMs ??= this.#clock.now();
    const host = this.#host, reason = sentence(textOf(error)), fields = about(error);
    if (!isOwnError(error) || !REFUSALS.has(error.code)) {
      const text = `Could not connect to ${host}: ${reason}`;
      this.#logger.debug(text, { event: "dial_failed", host, count: this.#attempts, ...fields });
      return;
    }
    const count = this.#lines.note(`refused ${error.message}`, this.#clock.now());
    const level = count > 0 ? "warn" : "debug";
    const text = `${host} cannot be used: ${reason}${times(count)}`;
    this.#logger[level](text, { event: "connection_refused", host, count, ...fields });
  }

  /** From now on the peer counts as down. */
  onDown(error: unknown): void {
    this.#isLossTold = true;
    this.#downSinceMs ??= this.#clock.now();
    const text = `${this.#host} is down: ${sentence(textOf(error))}`;
    this.#logger.info(text, { event: "peer_down", host: this.#host, ...about(error) });
  }

  /** Somebody who watches states has thrown. */
  onListenerFailed(error: unknown): void {
    const text = `A listener of state changes of ${this.#host} threw an error: ${
      sentence(textOf(error))
    }`;
    const fields = { host: this.#host, what: "onStateChange", ...about(error) };
    this.#logger.error(text, { event: "callback_failed", ...fields });
  }
}
