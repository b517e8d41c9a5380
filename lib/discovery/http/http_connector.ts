/**
 * HTTP requests with certificates of one's own.
 *
 * @module
 */

import { fields } from "../../foreign/option_checks.ts";
import { isOwnError } from "../../foreign/own_error.ts";
import { thisPlatform } from "../../runtime/this_platform.ts";
import { readError } from "../../runtime/read_error.ts";
import type { HttpClient } from "../../runtime/platform/http_client.ts";
import { invalidOption } from "../resolver/option_checks.ts";

/** Certificates for a server that is asked over HTTPS: PEM texts, or files, which are read again for each new connection after trouble. */
export interface HttpTls {
  /** The authorities believed beside the runtime's own. */
  readonly ca?: string | readonly string[] | undefined;
  /** The path of the file for `ca`. */
  readonly caFile?: string | undefined;
  /** This side's certificate, for a server that wants one, and those between it and the authority. */
  readonly cert?: string | undefined;
  /** The path of the file for `cert`. */
  readonly certFile?: string | undefined;
  /** The private key of the certificate. */
  readonly key?: string | undefined;
  /** The path of the file for `key`. */
  readonly keyFile?: string | undefined;
}

/** Makes requests over connections that it keeps until it is told to close them. */
export class HttpConnector {
  readonly #tls: HttpTls | null;
  readonly #given: object | null;
  #client: HttpClient | null = null;

  /**
   * Opens nothing yet.
   *
   * @param owner Whose options these are, for errors.
   * @param tls The certificates, if there are any.
   * @param given What the runtime's own `fetch` takes as a client, if the user has one; it stays the user's.
   * @throws {InternodeError} `InvalidArgument` for certificates that make no sense.
   */
  constructor(owner: string, tls: HttpTls | undefined, given: object | undefined) {
    if (tls !== undefined && given !== undefined) {
      throw invalidOption(owner, "tls", "cannot be combined with option httpClient: leave one out");
    }
    if (fields("tls", tls) !== undefined) checkTls(owner, tls!);
    this.#tls = tls ?? null;
    this.#given = given ?? null;
  }

  /**
   * Makes a request.
   *
   * @param url Where to.
   * @param init As the runtime's `fetch` takes it.
   * @param signal Gives up, also reading files.
   * @returns The response. Rejects with what the runtime throws, or an `InternodeError` for a file that cannot be read.
   */
  async fetch(url: string, init: RequestInit, signal: AbortSignal): Promise<Response> {
    const given = this.#given === null ? {} : thisPlatform().fetchOptions(this.#given);
    if (this.#tls === null) return await fetch(url, { ...init, signal, ...given });
    this.#client ??= await this.#open(this.#tls, signal);
    return await this.#client.fetch(url, { ...init, signal });
  }

  /** After the signal has aborted nobody would close it. */
  async #open(tls: HttpTls, signal: AbortSignal): Promise<HttpClient> {
    const [ca, cert, key] = await Promise.all([
      read(tls.ca, tls.caFile, signal),
      read(tls.cert, tls.certFile, signal),
      read(tls.key, tls.keyFile, signal),
    ]);
    signal.throwIfAborted();
    const caCerts = ca === undefined ? [] : typeof ca === "string" ? [ca] : ca;
    const identity = cert === undefined || key === undefined ? null : { cert, key };
    return thisPlatform().openHttp(caCerts, identity);
  }

  /** Closes the connections. The next request makes new ones, with the certificates of then. */
  disconnect(): void {
    this.#client?.close();
    this.#client = null;
  }
}

async function read<Text>(
  text: Text | undefined,
  path: string | undefined,
  signal: AbortSignal,
): Promise<Text | string | undefined> {
  if (path === undefined) return text;
  try {
    return await thisPlatform().files.readTextFile(path, signal);
  } catch (error) {
    signal.throwIfAborted();
    throw isOwnError(error) ? error : readError(path, error);
  }
}

function checkTls(owner: string, tls: HttpTls): void {
  const { ca, caFile, cert, certFile, key, keyFile } = tls;
  for (
    const [what, text, path] of [["ca", ca, caFile], ["cert", cert, certFile], [
      "key",
      key,
      keyFile,
    ]] as const
  ) {
    if (text !== undefined && path !== undefined) {
      throw invalidOption(owner, "tls", `has both ${what} and ${what}File: leave one out`);
    }
    if (path !== undefined && (typeof path !== "string" || path === "")) {
      throw invalidOption(owner, "tls", `needs a path as ${what}File`);
    }
    const texts: readonly unknown[] = text === undefined ? [] : Array.isArray(text) ? text : [text];
    if (!texts.every((text) => typeof text === "string" && text.includes("-----BEGIN "))) {
      throw invalidOption(
        owner,
        "tls",
        `needs PEM text as ${what}, which begins "-----BEGIN"; for a file, give ${what}File`,
      );
    }
  }
  if ((cert ?? certFile) === undefined !== ((key ?? keyFile) === undefined)) {
    throw invalidOption(
      owner,
      "tls",
      "needs a key with a certificate, and a certificate with a key",
    );
  }
}
