/**
 * Requests to a Kubernetes API server.
 *
 * @module
 */

import type { InternodeError } from "../../errors.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { HttpClient } from "../../runtime/platform/http_client.ts";
import { thisPlatform } from "../../runtime/this_platform.ts";
import { JsonBody } from "../http/json_body.ts";
import { requestError } from "../http/request_error.ts";
import { TimeLimit } from "../resolver/time_limit.ts";
import { answerError, apiServerAt, type Asked, detailOf } from "./api_error.ts";
import type { ServiceAccount } from "./service_account.ts";

/** The longest answer, and the longest line of a watch, in bytes. */
const MAX_ANSWER_BYTES = 16 * 1024 * 1024;
const ADVICE = "What is between it and this program must not change its answers";

/** What the API server is asked with. */
export interface ApiClientOptions {
  /** Its URL, without a slash at its end. */
  readonly url: string;
  /** Says who asks, and which authority the server's certificate is from. */
  readonly account: ServiceAccount;
  /** How long one answer may take, in milliseconds. */
  readonly requestTimeoutMs: number;
  /** Where time comes from. */
  readonly clock: Clock;
}

/** An answer that goes on. */
export interface OpenAnswer {
  /** Its lines. */
  readonly body: JsonBody;
  /** Ends it. */
  readonly limit: TimeLimit;
}

/** Asks one API server over connections that it keeps until it is told to close them. */
export class ApiClient {
  readonly #options: ApiClientOptions;
  #http: HttpClient | null = null;

  constructor(options: ApiClientOptions) {
    this.#options = options;
  }

  /** The API server's URL. */
  get url(): string {
    return this.#options.url;
  }

  /** Whether the token is sent: over TLS only. */
  get isSecure(): boolean {
    return this.url.startsWith("https:");
  }

  /**
   * Asks for something that ends.
   *
   * @param path Which, with its query.
   * @param namespace Where that is, for errors.
   * @param signal Gives up.
   * @returns The whole answer, as text.
   * @throws {InternodeError} If there is none, or it is an error.
   */
  async get(path: string, namespace: string, signal: AbortSignal): Promise<string> {
    using limit = new TimeLimit(this.#options.clock, this.#options.requestTimeoutMs, signal);
    try {
      return await (await this.#open(path, namespace, limit.signal)).text();
    } catch (error) {
      throw this.#failed(error, limit);
    }
  }

  /**
   * Asks for something that goes on.
   *
   * @returns The answer, once it has begun; its limit counts no more.
   * @throws {InternodeError} If there is none, or it is an error.
   */
  async follow(path: string, namespace: string, signal: AbortSignal): Promise<OpenAnswer> {
    const limit = new TimeLimit(this.#options.clock, this.#options.requestTimeoutMs, signal);
    try {
      const body = await this.#open(path, namespace, limit.signal);
      limit.unlimit();
      return { body, limit };
    } catch (error) {
      limit.abort(error);
      throw this.#failed(error, limit);
    }
  }

  /** Closes the connections. The next request makes new ones, with the certificates of then. */
  disconnect(): void {
    this.#http?.close();
    this.#http = null;
  }

  /** Kubernetes replaces the token while it is good; who was slow to read the new one gets it here. */
  async #open(path: string, namespace: string, signal: AbortSignal): Promise<JsonBody> {
    const { account } = this.#options;
    const token = this.isSecure ? await account.token(signal) : null;
    try {
      return await this.#send(path, namespace, token, signal);
    } catch (error) {
      if (token === null || detailOf(error).status !== 401) throw error;
      const newer = await account.token(signal);
      if (newer === token) throw error;
      return await this.#send(path, namespace, newer, signal);
    }
  }

  async #send(
    path: string,
    namespace: string,
    token: string | null,
    signal: AbortSignal,
  ): Promise<JsonBody> {
    const http = this.#http ??= await this.#connect(signal);
    const response = await http.fetch(this.url + path, {
      headers: {
        accept: "application/json",
        ...(token !== null && { authorization: `Bearer ${token}` }),
      },
      // Elsewhere the token would be sent.
      redirect: "manual",
      signal,
    });
    const body = new JsonBody(response, MAX_ANSWER_BYTES, ADVICE, signal);
    if (response.status === 200) return body;
    const text = await body.text();
    const asked: Asked = {
      url: this.url,
      namespace,
      tokenPath: token === null ? null : this.#options.account.tokenPath,
    };
    throw answerError(
      asked,
      response.status,
      parse(text) ?? text,
      response.headers.get("retry-after"),
    );
  }

  async #connect(signal: AbortSignal): Promise<HttpClient> {
    return thisPlatform().openHttp(
      this.isSecure ? await this.#options.account.caCerts(signal) : [],
      null,
    );
  }

  #failed(error: unknown, { expired }: TimeLimit): InternodeError {
    const { requestTimeoutMs } = this.#options;
    return requestError(apiServerAt(this.url), error, expired ? requestTimeoutMs : null);
  }
}

/** `undefined` for what is no JSON. */
export function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
