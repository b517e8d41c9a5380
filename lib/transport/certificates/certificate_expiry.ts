/**
 * Certificates that are about to expire.
 *
 * @module
 */

import { counted } from "../../foreign/text_of.ts";
import type { EventLogger } from "../../foreign/log_event.ts";
import type { Clock, Timer } from "../../runtime/clock.ts";
import type { Credentials } from "./mtls_config.ts";

const DAY_MS = 86_400_000;

/** Logs what needs care; any logger will do. */
export interface CredentialsLogger {
  /** Called when new ones are in use. Default: nothing. */
  info?(message: string, fields?: Readonly<Record<string, unknown>>): void;
  /** A certificate is about to expire. */
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void;
  /** One has expired, or new ones cannot be used. */
  error(message: string, fields?: Readonly<Record<string, unknown>>): void;
}

/** Logs once a day that credentials expire soon or have expired. */
export class ExpiryWatch {
  readonly #clock: Clock;
  readonly #logger: EventLogger;
  readonly #withinMs: number;
  #timer: Timer | null = null;

  /** @param withinMs How long before, in milliseconds. */
  constructor(clock: Clock, logger: EventLogger, withinMs: number) {
    this.#clock = clock;
    this.#logger = logger;
    this.#withinMs = withinMs;
  }

  /** Watches these credentials from now on, and no others. */
  watch(credentials: Credentials): void {
    this.close();
    const leftMs = Math.min(
      this.#look(
        `The certificate "${credentials.subject}" or one that came with it`,
        credentials.subject,
        credentials.expiresMs,
      ),
      this.#look("The last of the authorities in ca", "ca", credentials.authoritiesExpireMs),
    );
    this.#lookAtLists(credentials);
    const listsLeftMs = credentials.crlExpiresMs - this.#clock.wallNow();
    const waitMs = Math.min(
      leftMs > this.#withinMs ? leftMs - this.#withinMs : DAY_MS,
      listsLeftMs > 0 ? listsLeftMs : DAY_MS,
      DAY_MS,
    );
    this.#timer = this.#clock.setTimer(waitMs, () => this.watch(credentials));
  }

  /** Stops watching. */
  close(): void {
    if (this.#timer !== null) this.#clock.clearTimer(this.#timer);
    this.#timer = null;
  }

  /** Lists are usually valid for days and are replaced regularly: only one that was not replaced is logged. */
  #lookAtLists({ revocation, crlExpiresMs }: Credentials): void {
    if (crlExpiresMs > this.#clock.wallNow()) return;
    const at = new Date(crlExpiresMs).toISOString();
    this.#logger.error(
      `A list of revoked certificates in crl has expired on ${at}: ${
        revocation.expired === "refuse"
          ? "no certificate of its authority is trusted"
          : "certificates revoked since then are still trusted"
      }. Replace it now.`,
      { event: "crl_expired", expires: at },
    );
  }

  /** Describes how long it is still valid. */
  #look(what: string, subject: string, expiresMs: number): number {
    const leftMs = expiresMs - this.#clock.wallNow();
    const at = new Date(expiresMs).toISOString(), fields = { subject, expires: at };
    if (leftMs <= 0) {
      this.#logger.error(`${what} has expired on ${at}: it is no longer trusted. Replace it now.`, {
        event: "certificate_expired",
        ...fields,
      });
    } else if (leftMs <= this.#withinMs) {
      const days = Math.floor(leftMs / DAY_MS);
      const left = days >= 2
        ? counted(days, "day")
        : counted(Math.ceil(leftMs / 3_600_000), "hour");
      this.#logger.warn(`${what} expires in ${left}, on ${at}. Replace it before then.`, {
        event: "certificate_expiring",
        ...fields,
      });
    }
    return leftMs;
  }
}
