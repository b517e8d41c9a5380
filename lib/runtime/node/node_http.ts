/**
 * HTTP requests with authorities and a certificate of one's own. Node's `fetch` takes none.
 *
 * @module
 */

import type { IncomingMessage } from "node:http";
import type { Agent, RequestOptions } from "node:https";
import { https, stream, tls } from "./node_modules.ts";
import type { HttpClient, HttpIdentity } from "../platform/http_client.ts";

/** What `fetch` of Bun takes beside the standard's. */
interface BunRequestInit extends RequestInit {
  readonly tls: { readonly ca: readonly string[] } & Partial<HttpIdentity>;
}

/** The statuses of answers that have no body. */
const BODILESS: ReadonlySet<number> = new Set([204, 205, 304]);

/**
 * Makes a client.
 *
 * @param caCerts Authorities believed beside the runtime's own, as PEM.
 * @param identity This side's certificate, if it has one.
 * @param isBun Whether this is Bun.
 */
export function openHttp(
  caCerts: readonly string[],
  identity: HttpIdentity | null,
  isBun: boolean,
): HttpClient {
  const ca = [...tls().rootCertificates, ...caCerts];
  if (isBun) {
    return {
      fetch: (url, init) => fetch(url, { ...init, tls: { ca, ...identity } } as BunRequestInit),
      close() {},
    };
  }
  const agent = new (https().Agent)({ keepAlive: true, ca, ...identity });
  return {
    fetch: (url, init) => url.startsWith("https:") ? request(url, init, agent) : fetch(url, init),
    close: () => agent.destroy(),
  };
}

/** Follows no redirection, and takes bodies of text only. */
function request(url: string, init: RequestInit, agent: Agent): Promise<Response> {
  return new Promise((resolve, reject) => {
    const options: RequestOptions = {
      agent,
      method: init.method ?? "GET",
      headers: Object.fromEntries(new Headers(init.headers)),
      ...(init.signal && { signal: init.signal }),
    };
    const sent = https().request(url, options, (message) => resolve(responseOf(message)));
    sent.on("error", reject);
    sent.end(init.body);
  });
}

function responseOf(message: IncomingMessage): Response {
  const status = message.statusCode!;
  const headers = new Headers();
  for (let i = 0; i < message.rawHeaders.length; i += 2) {
    headers.append(message.rawHeaders[i]!, message.rawHeaders[i + 1]!);
  }
  if (BODILESS.has(status)) {
    message.resume();
    return new Response(null, { status, headers });
  }
  return new Response(stream().Readable.toWeb(message) as ReadableStream, { status, headers });
}
