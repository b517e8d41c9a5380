/**
 * Plain `fetch` to the runtime's own HTTP server.
 *
 * @module
 */

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { LOOPBACK, type Peer, RUNTIME } from "./peer.ts";

/** A server of Bun's. */
interface BunServer {
  readonly port: number;
  stop(isAbrupt: boolean): Promise<void>;
}
type Serve = (request: Request) => Promise<Response>;
interface BunApi {
  serve(options: { hostname: string; port: number; fetch: Serve }): BunServer;
}

const SERVERS: Readonly<Record<typeof RUNTIME, Peer["serve"]>> = {
  deno() {
    const options = { hostname: LOOPBACK, port: 0, onListen: () => {} };
    const server = Deno.serve(options, async (request) => new Response(await request.bytes()));
    return Promise.resolve({
      address: `http://${LOOPBACK}:${server.addr.port}/echo`,
      [Symbol.asyncDispose]: () => server.shutdown(),
    });
  },
  async node() {
    const server = createServer((request, response) => {
      const pieces: Uint8Array[] = [];
      request.on("data", (piece: Uint8Array) => pieces.push(piece));
      request.on("end", () => {
        const last = pieces.pop();
        for (const piece of pieces) response.write(piece);
        response.end(last);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, LOOPBACK, resolve));
    return {
      address: `http://${LOOPBACK}:${(server.address() as AddressInfo).port}/echo`,
      async [Symbol.asyncDispose](): Promise<void> {
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
      },
    };
  },
  bun() {
    const { Bun } = globalThis as unknown as { Bun: BunApi };
    const answer: Serve = async (request) => new Response(await request.arrayBuffer());
    const server = Bun.serve({ hostname: LOOPBACK, port: 0, fetch: answer });
    return Promise.resolve({
      address: `http://${LOOPBACK}:${server.port}/echo`,
      [Symbol.asyncDispose]: () => server.stop(true),
    });
  },
};

/**
 * Over HTTP/1.1 as many connections are kept alive as there are requests in
 * flight, which is what `fetch` does unless told otherwise; over HTTP/2 one.
 */
export function plainFetch(version: "1.1" | "2"): Peer {
  return {
    missing: () =>
      Promise.resolve(
        version === "2" && RUNTIME !== "deno"
          ? "what this runtime itself offers as a server of fetch speaks no HTTP/2"
          : undefined,
      ),
    serve: SERVERS[RUNTIME],
    dial(url) {
      const http = RUNTIME !== "deno" ? undefined : Deno.createHttpClient({
        http1: version === "1.1",
        http2: version === "2",
        poolMaxIdlePerHost: 4_096,
      });
      const client = http === undefined ? {} : { client: http };
      return Promise.resolve({
        async echo(payload) {
          const response = await fetch(url, { method: "POST", body: payload, ...client });
          return new Uint8Array(await response.arrayBuffer());
        },
        [Symbol.asyncDispose]: () => Promise.resolve(http?.close()),
      });
    },
  };
}
