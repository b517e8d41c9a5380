/**
 * An HTTP server for tests, on Deno, Node and Bun.
 *
 * @module
 */

import { createServer as createPlain, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createSecure } from "node:https";
import { certificates } from "../certificates/certificates.ts";
import { RUNTIME } from "../permitted.ts";
import { freePorts } from "../../../tools/network/free_ports.ts";

/** Answers a request. */
export type Answer = (request: Request) => Response | Promise<Response>;

/** What a test says of a server. */
export interface HttpServerOptions {
  /** Whether to speak without TLS. Default: no; the certificate is that of these tests. */
  readonly isPlain?: boolean;
  /** Where to listen. Default: a free port. */
  readonly port?: number;
}

/** Listens on loopback. */
export class HttpServer implements AsyncDisposable {
  /** Its URL. */
  readonly url: string;
  readonly #close: () => Promise<void>;

  /** Starts it: on Deno with the runtime's own, which speaks HTTP/2 over TLS, elsewhere with Node's. */
  constructor(answer: Answer, { isPlain = false, port = 0 }: HttpServerOptions = {}) {
    const { cert, key } = isPlain ? {} : certificates();
    const tls = isPlain ? {} : { cert: cert!, key: key! };
    const scheme = isPlain ? "http" : "https";
    if (RUNTIME === "deno") {
      const server = Deno.serve(
        { hostname: "127.0.0.1", port, onListen: () => {}, ...tls },
        answer,
      ) as Deno.HttpServer<Deno.NetAddr>;
      this.url = `${scheme}://127.0.0.1:${server.addr.port}`;
      this.#close = () => server.shutdown();
      return;
    }
    // Requests whose connection is not over.
    const running = new Set<Promise<void>>();
    const listener = (request: IncomingMessage, response: ServerResponse): void => {
      const responding = respond(answer, request, response)
        .catch(() => void response.destroy());
      running.add(responding);
      void responding.then(() => running.delete(responding));
    };
    const server = isPlain ? createPlain(listener) : createSecure(tls, listener);
    const bound = port === 0 ? freePorts(1)[0]! : port;
    server.listen(bound, "127.0.0.1");
    this.url = `${scheme}://127.0.0.1:${bound}`;
    this.#close = async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
      await Promise.all(running);
    };
  }

  /** Ends it. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#close();
  }
}

async function respond(
  answer: Answer,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  outgoing.on("error", () => {});
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  for await (const chunk of incoming) chunks.push(chunk);
  const { method = "GET", rawHeaders, url } = incoming, headers = new Headers();
  for (let i = 0; i < rawHeaders.length; i += 2) headers.append(rawHeaders[i]!, rawHeaders[i + 1]!);
  const body = method === "GET" || method === "HEAD" ? {} : { body: new Blob(chunks) };
  const response = await answer(
    new Request(new URL(url!, "http://localhost"), { method, headers, ...body }),
  );
  outgoing.writeHead(response.status, [...response.headers].flat());
  outgoing.flushHeaders();
  const reader = response.body?.getReader();
  let goOn = (): void => {};
  const onClose = (): void => {
    void reader?.cancel().catch(() => {});
    goOn();
  };
  outgoing.on("close", onClose).on("drain", () => goOn());
  if (outgoing.destroyed) onClose();
  while (reader !== undefined) {
    const { value, done } = await reader.read();
    if (done) break;
    if (!outgoing.write(value)) await new Promise<void>((resolve) => goOn = resolve);
  }
  outgoing.end();
}
