/**
 * Certificates that can change while they are in use.
 *
 * @module
 */

import { type InternodeError, invalidArgument } from "../../errors.ts";
import { tell } from "../../foreign/guard.ts";
import { GuardedLogger } from "../../foreign/guarded_logger.ts";
import { lineLogger } from "../../foreign/line_logger.ts";
import { about, type EventLogger } from "../../foreign/log_event.ts";
import { messageOf, sentence, shown, textOf } from "../../foreign/text_of.ts";
import { type CredentialsLogger, ExpiryWatch } from "./certificate_expiry.ts";
import type { Clock } from "../../runtime/clock.ts";
import { CredentialFiles } from "./credential_files.ts";
import {
  checkMtlsConfig,
  type Credentials,
  crlTexts,
  type MtlsConfig,
  type MtlsFileConfig,
  type MtlsRules,
  type MtlsTexts,
  shownSubject,
} from "./mtls_config.ts";
import { fields, invalidOption, optionsOf, positive } from "../../foreign/option_checks.ts";
import { clockOf } from "../../runtime/given_clock.ts";

/** The credentials of new connections. */
export interface CredentialSource {
  /** The credentials for a connection that is made now. */
  readonly current: Credentials;
  /**
   * Calls back whenever they have changed.
   *
   * @returns A function that stops the callbacks.
   */
  onChange(listener: () => void): () => void;
}

/** How {@linkcode MtlsCredentials} are looked after. */
export interface MtlsCredentialsOptions {
  /** How long all files must be unchanged before a change counts, in milliseconds. Default: 1,000. */
  readonly settleMs?: number | undefined;
  /** How often to read the files without a notification of a change, in milliseconds. Default: 10,000; 1,000 if there are no notifications, such as without `--allow-read` for their folder. */
  readonly pollIntervalMs?: number | undefined;
  /** How long before a certificate expires to log a warning once a day, in milliseconds. Default: 1,209,600,000 (14 days). */
  readonly warnBeforeExpiryMs?: number | undefined;
  /** Receives warnings and errors. Default: the console. */
  readonly logger?: CredentialsLogger | undefined;
  /** The source of time. Default: the system. */
  readonly clock?: Clock | undefined;
}

/**
 * Certificates and a key that may change while they are in use, with all
 * options of `mtls` and `mtlsTransports`. New connections use the current ones,
 * in both directions; old connections are renewed soon after a change, see
 * `maxConnectionAgeMs`.
 *
 * They are read again when their files change, or by {@linkcode
 * MtlsCredentials.reload}; replace texts by {@linkcode
 * MtlsCredentials.replace}. New ones are used as a whole or not at all: if a
 * file cannot be read, the key does not belong to the certificate, a
 * certificate is not valid at this time, or there is no authority, the old ones
 * stay in use, and an error is logged. The files are read again until they are
 * valid.
 *
 * Replace authorities first: let all sides trust the old and the new one, then
 * change the certificates, and remove the old authority at the end.
 *
 * Their creator closes them, after the connections. Files need `--allow-read`
 * for each of them; with permission for their folders too, a change is noticed
 * at once.
 *
 * @example
 * ```ts
 * import { Manager } from "@internode/grid";
 * import { MtlsCredentials, mtlsTransports } from "@internode/grid/call";
 *
 * async function run(local: string, hosts: string[], folder: string): Promise<void> {
 *   await using credentials = new MtlsCredentials({
 *     certFile: `${folder}/node.pem`,
 *     keyFile: `${folder}/node.key`,
 *     caFile: `${folder}/authorities.pem`,
 *   });
 *   await using grid = new Manager({ local, hosts, transports: mtlsTransports(credentials) });
 *   const server = await grid.listen();
 *   await server.finished;
 * }
 * console.log(run.name);
 * ```
 */
export class MtlsCredentials implements CredentialSource, AsyncDisposable {
  readonly #rules: MtlsRules;
  readonly #clock: Clock;
  readonly #logger: EventLogger;
  readonly #files: CredentialFiles | null;
  readonly #expiry: ExpiryWatch;
  readonly #listeners = new Set<() => void>();
  readonly #closing = new AbortController();
  readonly #watching: Promise<void>;
  #texts: MtlsTexts;
  /** The contents of the files when they were last used. */
  #filed: MtlsTexts;
  #current: Credentials;
  /** The last logged problem, while it lasts. */
  #problem = "";

  /**
   * Reads the files, if any are given, and begins to watch them.
   *
   * @param config The certificates as texts or files, and the rest.
   * @param options How they are watched.
   * @throws {InternodeError} `InvalidArgument` if something is wrong with them, or a file may not be read; `Unreachable` if it cannot be.
   */
  constructor(config: MtlsConfig | MtlsFileConfig, options: MtlsCredentialsOptions = {}) {
    const given = optionsOf("MtlsCredentials", options);
    const settleMs = positive("settleMs", given.settleMs, 1_000);
    const pollIntervalMs = positive("pollIntervalMs", given.pollIntervalMs, 10_000);
    const { warnBeforeExpiryMs: warnMs = 14 * 86_400_000 } = given;
    if (typeof warnMs !== "number" || !(warnMs >= 0)) {
      const rule = `must be a number of 0 or more, not ${shown(warnMs)}`;
      throw invalidOption("warnBeforeExpiryMs", rule);
    }
    this.#clock = clockOf(given.clock);
    const logger = fields("logger", given.logger);
    this.#logger = logger === undefined
      ? new GuardedLogger(lineLogger(console), () => {}, "warn")
      : new GuardedLogger(logger, () => {});
    fields("config", config ?? null);
    this.#rules = config;
    this.#files = "certFile" in config ? new CredentialFiles(config) : null;
    this.#texts = this.#files === null ? textsOf(config as MtlsConfig) : this.#files.readSync();
    this.#filed = this.#texts;
    this.#current = this.#check(this.#texts);
    this.#expiry = new ExpiryWatch(this.#clock, this.#logger, warnMs);
    this.#expiry.watch(this.#current);
    this.#watching = this.#files === null ? Promise.resolve() : this.#files.watch(
      this.#texts,
      settleMs,
      pollIntervalMs,
      this.#clock,
      {
        onTexts: (texts) => this.#onFiled(texts),
        onError: (error) => this.#complain(error),
      },
      this.#closing.signal,
    );
  }

  /** The credentials for a connection that is made now. */
  get current(): Credentials {
    return this.#current;
  }

  /** See {@linkcode CredentialSource.onChange}. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Replaces the credentials at once. If there are files, their contents count
   * again as soon as they change.
   *
   * @param texts The new ones.
   * @throws {InternodeError} `InvalidArgument` if something is wrong with them; the old ones stay in use then.
   */
  replace(texts: MtlsTexts): void {
    this.#take(textsOf(texts));
  }

  /**
   * Reads the files now, without waiting until they are unchanged for a while.
   * Without files it does nothing.
   *
   * @returns Whether their contents were new. Rejects with an `InternodeError` if they are not valid; the old ones then stay in use.
   */
  async reload(): Promise<boolean> {
    if (this.#files === null) return false;
    const texts = await this.#files.read();
    const isNew = this.#take(texts);
    this.#filed = texts;
    return isNew;
  }

  /** Stops watching. Connections can still use the current credentials. Further calls do nothing. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#expiry.close();
    this.#listeners.clear();
    await this.#watching;
  }

  /** The same as {@linkcode MtlsCredentials.close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #onFiled(texts: MtlsTexts): void {
    try {
      if (!isSame(texts, this.#filed)) this.#take(texts);
      this.#filed = texts;
      this.#problem = "";
    } catch (error) {
      this.#complain(error);
    }
  }

  /** Returns whether they differ from before. */
  #take(texts: MtlsTexts): boolean {
    if (isSame(texts, this.#texts)) return false;
    const credentials = this.#check(texts);
    this.#texts = texts;
    this.#current = credentials;
    if (!this.#closing.signal.aborted) this.#expiry.watch(credentials);
    this.#logger.info(`New connections use the certificate "${credentials.subject}".`, {
      event: "certificates_replaced",
      subject: credentials.subject,
      expires: timeText(credentials.expiresMs),
    });
    for (const listener of [...this.#listeners]) {
      tell(listener, (thrown) => {
        this.#logger.error(
          `A listener for new certificates threw an error: ${sentence(textOf(thrown))}`,
          { event: "callback_failed", what: "onChange", ...about(thrown) },
        );
      });
    }
    return true;
  }

  #check(texts: MtlsTexts): Credentials {
    const { serverName, expiredCrl, minVersion, handshakeTimeoutMs, maxHandshakes } = this.#rules;
    const rules = { serverName, expiredCrl, minVersion, handshakeTimeoutMs, maxHandshakes };
    const credentials = checkMtlsConfig({ ...rules, ...texts });
    const nowMs = this.#clock.wallNow();
    const { subject, validFromMs, expiresMs, authoritiesExpireMs } = credentials;
    const own = `the certificate "${subject}", or one between it and its authority,`;
    if (!(expiresMs > nowMs)) {
      throw invalid(`${own} has expired on ${timeText(expiresMs)}`, "Give one that is valid.");
    }
    if (!(validFromMs <= nowMs)) {
      throw invalid(`${own} is not valid before ${timeText(validFromMs)}`, "Check the clock.");
    }
    if (!(authoritiesExpireMs > nowMs)) {
      const when = timeText(authoritiesExpireMs);
      throw invalid(`all authorities in ca have expired, the last on ${when}`, "Give others.");
    }
    this.#warnOfUseless(credentials, nowMs);
    return credentials;
  }

  /** Logs expired certificates that are not used, so that they can be removed. */
  #warnOfUseless({ extras, authorities }: Credentials, nowMs: number): void {
    for (const [option, all] of [["cert", extras], ["ca", authorities]] as const) {
      for (const { subject, validTo } of all) {
        if (Date.parse(validTo) > nowMs) continue;
        this.#logger.warn(
          `The certificate "${shownSubject(subject)}" in ${option} expired on ` +
            `${timeText(Date.parse(validTo))}. It is not used: remove it.`,
          { event: "certificate_unused", subject: shownSubject(subject), expires: validTo },
        );
      }
    }
  }

  #complain(error: unknown): void {
    const message = messageOf(error);
    if (message === this.#problem) return;
    this.#problem = message;
    this.#logger.error(
      `The certificates could not be replaced, and the old ones stay in use: ${sentence(message)}`,
      { event: "certificates_rejected", ...about(error) },
    );
  }
}

/**
 * The source of credentials for a configuration that may change or not.
 *
 * @throws {InternodeError} `InvalidArgument` if the configuration is wrong.
 */
export function credentialSource(given: MtlsConfig | MtlsCredentials): CredentialSource {
  if (given instanceof MtlsCredentials) return given;
  return { current: checkMtlsConfig(given), onChange: () => () => {} };
}

function textsOf({ cert, key, ca, crl }: MtlsTexts): MtlsTexts {
  return { cert, key, ca, crl: crlTexts(crl) };
}

function isSame(one: MtlsTexts, other: MtlsTexts): boolean {
  return one.cert === other.cert && one.key === other.key &&
    JSON.stringify([one.ca, one.crl]) === JSON.stringify([other.ca, other.crl]);
}

function timeText(ms: number): string {
  return Number.isNaN(ms) ? "an unreadable date" : new Date(ms).toISOString();
}

function invalid(what: string, advice: string): InternodeError {
  return invalidArgument(`The configuration of mutual TLS is not valid: ${what}. ${advice}`);
}
