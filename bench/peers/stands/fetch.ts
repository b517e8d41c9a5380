/**
 * Plain `fetch` to `Deno.serve`, the runtime's own HTTP.
 *
 * @module
 */

import { LOOPBACK, type Peer } from "./peer.ts";

/**
 * Over HTTP/1.1 as many connections are kept alive as there are requests in
 * flight, which is what `fetch` does unless told otherwise; over HTTP/2 one.
 */
export function plainFetch(version: "1.1" | "2"): Peer {
  return {
    serve() {
      const server = Deno.serve(
        { hostname: LOOPBACK, port: 0, onListen: () => {} },
        async (request) => new Response(await request.bytes()),
      );
      return Promise.resolve({
        address: `http://${LOOPBACK}:${server.addr.port}/echo`,
        [Symbol.asyncDispose]: () => server.shutdown(),
      });
    },
    dial(url) {
      const http = Deno.createHttpClient({
        http1: version === "1.1",
        http2: version === "2",
        poolMaxIdlePerHost: 4_096,
      });
      return Promise.resolve({
        async echo(payload) {
          const response = await fetch(url, { method: "POST", body: payload, client: http });
          return await response.bytes();
        },
        [Symbol.asyncDispose]: () => Promise.resolve(http.close()),
      });
    },
  };
}
