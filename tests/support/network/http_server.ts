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
    const { cert, key } = certificates();
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
    const listener = (request: IncomingMessage, response: ServerResponse): void =>
      void respond(answer, request, response);
    const server = isPlain ? createPlain(listener) : createSecure(tls, listener);
    const bound = port === 0 ? freePorts(1)[0]! : port;
    server.listen(bound, "127.0.0.1");
    this.url = `${scheme}://127.0.0.1:${bound}`;
    this.#close = () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
  }

  /** Ends it. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#close();
  }
}

async function respond(
  answer: Answer,
  { url, headers }: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const given = new Headers();
  for (const [name, value] of Object.entries(headers)) given.set(name, String(value));
  const { status, headers: said, body } = await answer(
    new Request(new URL(url!, "http://localhost"), { headers: given }),
  );
  response.writeHead(status, Object.fromEntries(said));
  response.flushHeaders();
  const reader = body?.getReader();
  response.on("close", () => void reader?.cancel().catch(() => {}));
  while (reader !== undefined && !response.destroyed) {
    const { value, done } = await reader.read();
    if (done) break;
    response.write(value);
  }
  response.end();
}
