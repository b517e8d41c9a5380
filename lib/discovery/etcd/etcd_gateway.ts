/**
 * Requests to etcd's JSON gateway.
 *
 * @module
 */

import { InternodeError } from "../../errors.ts";
import { isOwnError } from "../../foreign/own_error.ts";
import { nameOf, sentence, textOf } from "../../foreign/text_of.ts";
import { promiseOf } from "../../foreign/thenable.ts";
import type { Clock } from "../../runtime/clock.ts";
import { answerError, etcdAt, NOT_FOUND, nowhereError } from "./etcd_error.ts";
import { baseUrl } from "../http/base_url.ts";
import { HttpConnector, type HttpTls } from "../http/http_connector.ts";
import { asObject, isObject, JsonBody, type JsonObject } from "../http/json_body.ts";
import { requestError } from "../http/request_error.ts";
import { invalidOption, positiveOption } from "../resolver/option_checks.ts";
import { TimeLimit } from "../resolver/time_limit.ts";
import { fields, text } from "../../foreign/option_checks.ts";
import { shown } from "../../foreign/text_of.ts";
import { clockOf } from "../../runtime/given_clock.ts";

/** How etcd is reached. */
export interface EtcdOptions {
  /** The client URLs of the cluster's members: `"http://10.0.0.1:2379"`, `"https://…"`. One that does not answer is passed over for the next. */
  readonly urls: string | readonly string[];
  /** The user to log in as, where etcd wants that. Default: none. */
  readonly user?: string | undefined;
  /** The user's password, or what says it for each login, so that it may change: `() => Deno.readTextFile("/run/secrets/etcd")`. */
  readonly password?: string | (() => string | Promise<string>) | undefined;
  /** Certificates for `https://` URLs: authorities of one's own, and this side's certificate where etcd wants one (`--client-cert-auth`). Default: the runtime's authorities, no certificate. */
  readonly tls?: HttpTls | undefined;
  /** How long one etcd may take to answer one request, in milliseconds. Default: 5,000. */
  readonly requestTimeoutMs?: number | undefined;
  /** What makes the HTTP requests, as for a proxy: what `fetch` takes as `client` on Deno (`Deno.createHttpClient`), as `dispatcher` on Node, and as `tls` on Bun. It stays yours to close. Default: the runtime's. */
  readonly httpClient?: object | undefined;
  /** Where time comes from. Default: the system. */
  readonly clock?: Clock | undefined;
}

/** The longest answer, and the longest message of a stream, in bytes: room for some 100,000 endpoints. */
export const MAX_ANSWER_BYTES: number = 16 * 1024 * 1024;

/** Asks one of several etcds, the one that answered last first. */
export class EtcdGateway {
  readonly #urls: readonly string[];
  readonly #credentials: {
    readonly name: string;
    readonly password: NonNullable<EtcdOptions["password"]>;
  } | null;
  readonly #requestTimeoutMs: number;
  readonly #http: HttpConnector;
  readonly #clock: Clock;
  #preferred = 0;
  #token: string | null = null;

  /**
   * Takes the settings; asks nothing yet.
   *
   * @throws {InternodeError} `InvalidArgument` for a URL or a time that makes no sense.
   */
  constructor(options: EtcdOptions) {
    const { urls, user, password, httpClient, requestTimeoutMs } = options;
    if (typeof urls !== "string" && !Array.isArray(urls)) {
      throw invalidOption("etcd", "urls", `must be a string or a list, not ${shown(urls)}`);
    }
    this.#urls = (typeof urls === "string" ? [urls] : [...urls]).map(canonicalUrl);
    if (this.#urls.length === 0) {
      throw invalidOption("etcd", "urls", "is empty: name at least one member");
    }
    if ((user === undefined) !== (password === undefined)) {
      throw invalidOption("etcd", "user", "and option password go together");
    }
    if (password !== undefined && typeof password !== "string" && typeof password !== "function") {
      throw invalidOption("etcd", "password", "must be a text or a function that says it");
    }
    this.#credentials = user === undefined
      ? null
      : { name: text("user", user), password: password! };
    this.#requestTimeoutMs = positiveOption("etcd", "requestTimeoutMs", requestTimeoutMs, 5_000);
    this.#http = new HttpConnector("etcd", options.tls, fields("httpClient", httpClient));
    this.#clock = clockOf(options.clock);
  }

  /**
   * Makes one request.
   *
   * @param path Which: `"kv/range"`.
   * @param body What is asked.
   * @param signal Gives up.
   * @param isOpen Whether etcd answers that to whoever asks, so that a login is not worth failing for.
   * @returns The answer; of one that streams, the first message.
   * @throws {InternodeError} If no etcd answers, or one refuses; or the signal's reason.
   */
  call(path: string, body: JsonObject, signal: AbortSignal, isOpen = false): Promise<JsonObject> {
    return this.#anywhere(signal, async (url) => {
      using bound = new TimeLimit(this.#clock, this.#requestTimeoutMs, signal);
      try {
        return await this.#ask(url, path, body, bound.signal, isOpen);
      } catch (error) {
        throw this.#failure(url, error, bound);
      }
    });
  }

  /**
   * Makes a request whose answer has no end, and waits for its first message.
   *
   * @param path Which: `"watch"`.
   * @param body What is asked.
   * @param signal Ends it.
   * @returns The messages.
   * @throws {InternodeError} If no etcd answers, or one refuses; or the signal's reason.
   */
  stream(path: string, body: JsonObject, signal: AbortSignal): Promise<EtcdStream> {
    return this.#anywhere(signal, async (url) => {
      const bound = new TimeLimit(this.#clock, this.#requestTimeoutMs, signal);
      try {
        const response = await this.#open(url, path, body, bound.signal);
        const stream = new EtcdStream(
          url,
          bodyOf(response, bound.signal),
          bound,
        );
        await stream.peek();
        bound.unlimit();
        return stream;
      } catch (error) {
        bound.abort(error);
        throw this.#failure(url, error, bound);
      }
    });
  }

  /** Logs in anew for the next request: a stream told that the old login does not hold. */
  forgetLogin(): void {
    this.#token = null;
  }

  /** Closes the connections. The next request makes new ones. */
  disconnect(): void {
    this.#http.disconnect();
  }

  /** A password function that hangs takes the request's time, and is no fault of etcd. */
  #failure(url: string, error: unknown, { expired }: TimeLimit): InternodeError {
    const isEtcds = !isOwnError(error) || error.code !== "Unauthenticated";
    return requestError(etcdAt(url), error, expired && isEtcds ? this.#requestTimeoutMs : null);
  }

  /** Goes from one URL to the next for as long as another may do better. */
  async #anywhere<T>(signal: AbortSignal, attempt: (url: string) => Promise<T>): Promise<T> {
    const first = this.#preferred;
    const errors: InternodeError[] = [];
    for (let i = 0; i < this.#urls.length; i++) {
      signal.throwIfAborted();
      const at = (first + i) % this.#urls.length;
      try {
        const result = await attempt(this.#urls[at]!);
        this.#preferred = at;
        return result;
      } catch (error) {
        signal.throwIfAborted();
        if (!isOwnError(error) || !isPlaceOfTrouble(error)) throw error;
        errors.push(error);
        // Certificates in files may be others by now.
        this.#http.disconnect();
      }
    }
    throw nowhereError(errors);
  }

  async #ask(
    url: string,
    path: string,
    body: JsonObject,
    signal: AbortSignal,
    isOpen: boolean,
  ): Promise<JsonObject> {
    const response = await this.#open(url, path, body, signal, isOpen);
    const answer = bodyOf(response, signal);
    const text = await answer.text();
    const parsed = parse(text);
    if (!isObject(parsed)) throw answerError(url, response.status, text);
    return parsed;
  }

  /** A login may have run out: what is refused without it is asked for with a new one. */
  async #open(
    url: string,
    path: string,
    body: JsonObject,
    signal: AbortSignal,
    isOpen = false,
  ): Promise<Response> {
    const token = this.#token, mayBeOld = token !== null || isOpen;
    if (mayBeOld) {
      try {
        return await this.#post(url, path, body, token, signal);
      } catch (error) {
        this.forgetLogin();
        if (this.#credentials === null || !isOwnError(error) || isPlaceOfTrouble(error)) {
          throw error;
        }
      }
    }
    try {
      return await this.#post(url, path, body, await this.#login(url, signal), signal);
    } catch (error) {
      this.forgetLogin();
      throw error;
    }
  }

  async #login(url: string, signal: AbortSignal): Promise<string | null> {
    if (this.#credentials === null) return null;
    const { name, password } = this.#credentials;
    const said = typeof password === "string"
      ? password
      : await passwordOf(password, signal, this.#requestTimeoutMs);
    const credentials = { name, password: said };
    const response = await this.#post(url, "auth/authenticate", credentials, null, signal);
    const text = await bodyOf(response, signal).text();
    const { token } = asObject(parse(text));
    if (typeof token !== "string") throw answerError(url, response.status, text);
    this.#token = token;
    return token;
  }

  /** Gives a response that is a success, its body unread. */
  async #post(
    url: string,
    path: string,
    body: JsonObject,
    token: string | null,
    signal: AbortSignal,
  ): Promise<Response> {
    const headers: Record<string, string> = {
      "content-type": "application/json",
      // A member that has lost the others says so, instead of staying silent.
      "grpc-metadata-hasleader": "true",
    };
    if (token !== null) headers["authorization"] = token;
    const init: RequestInit = {
      method: "POST",
      headers,
      body: JSON.stringify(body),
      // Elsewhere a body could be sent that holds a password.
      redirect: "manual",
    };
    const response = await this.#http.fetch(`${url}/v3/${path}`, init, signal);
    if (response.ok) return response;
    const text = await bodyOf(response, signal).text();
    throw answerError(url, response.status, parse(text) ?? text);
  }
}

/** The messages of an answer that has no end. */
export class EtcdStream implements AsyncDisposable {
  /** The etcd that answers. */
  readonly url: string;
  readonly #body: JsonBody;
  readonly #bound: TimeLimit;
  #peeked: JsonObject | null = null;

  constructor(url: string, body: JsonBody, bound: TimeLimit) {
    this.url = url;
    this.#body = body;
    this.#bound = bound;
  }

  /** Waits for the next message and leaves it for {@linkcode EtcdStream.next}. */
  async peek(): Promise<void> {
    this.#peeked = await this.next();
  }

  /**
   * Waits for the next message.
   *
   * @returns It; `null` at the end.
   * @throws {InternodeError} If etcd reports an error, or the connection is lost; or the signal's reason.
   */
  async next(): Promise<JsonObject | null> {
    const peeked = this.#peeked;
    this.#peeked = null;
    if (peeked !== null) return peeked;
    let line: string | null;
    try {
      line = await this.#body.line();
    } catch (error) {
      this.#bound.signal.throwIfAborted();
      throw requestError(etcdAt(this.url), error, null);
    }
    if (line === null) return null;
    const message = parse(line);
    const { result } = asObject(message);
    if (isObject(result)) return result;
    throw answerError(this.url, 200, message ?? line);
  }

  /** Ends it. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#bound.abort(new DOMException("the stream was closed", "AbortError"));
    await this.#body.close();
  }
}

/** What a user's function says; it is not waited for for longer than the request may take. */
async function passwordOf(
  password: () => string | Promise<string>,
  signal: AbortSignal,
  timeoutMs: number,
): Promise<string> {
  const aborted = Promise.withResolvers<never>();
  const onAbort = (): void => aborted.reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  let said: unknown;
  try {
    signal.throwIfAborted();
    said = await Promise.race([promiseOf(password), aborted.promise]);
  } catch (error) {
    if (signal.aborted) {
      if (nameOf(signal.reason) !== "TimeoutError") throw signal.reason;
      const what = `Option password of etcd has not answered within ${timeoutMs} ms.`;
      throw new InternodeError("Unauthenticated", what, { origin: "caller" });
    }
    const what = `Option password of etcd threw an error: ${sentence(textOf(error))}`;
    throw new InternodeError("Unauthenticated", what, { origin: "caller", cause: error });
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
  if (typeof said === "string") return said;
  throw new InternodeError("Unauthenticated", "Option password of etcd must say a text.", {
    origin: "caller",
  });
}

/** Whether another etcd may do better. */
function isPlaceOfTrouble(error: InternodeError): boolean {
  const { grpcCode } = asObject(error.detail);
  return error.code === "Unreachable" && grpcCode !== NOT_FOUND;
}

function bodyOf(response: Response, signal: AbortSignal): JsonBody {
  return new JsonBody(
    response,
    MAX_ANSWER_BYTES,
    "Use a prefix that holds endpoints only",
    signal,
  );
}

/** `undefined` for what is no JSON. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function canonicalUrl(url: string): string {
  return baseUrl(
    text("urls", url),
    "http://10.0.0.1:2379",
    (url, why) => invalidOption("etcd", "urls", `holds ${url}, which ${why}`),
  );
}
