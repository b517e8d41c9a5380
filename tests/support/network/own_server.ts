/**
 * Servers as users have them, into which a node is mounted: each kind that the
 * runtime has.
 *
 * @module
 */

import { createServer } from "node:http";
import { type Manager, type UpgradeServer, webSocketHandlers } from "@internode/grid";
import { RUNTIME } from "../permitted.ts";

/** What a server is to do. */
export interface OwnServerInit {
  readonly port: number;
  /** The node that is asked at all paths but `/page`. */
  readonly grid: () => Manager;
  /** Whether the node is told where requests come from. Default: no. */
  readonly tellsAddress?: boolean;
}

/** A kind of server. */
export interface OwnServerKind {
  readonly name: string;
  /** Starts one; gives what ends it. */
  start(init: OwnServerInit): Promise<AsyncDisposable>;
}

const PAGE = "the user's own page", PAGE_PATH = "/page", HOST = "127.0.0.1";

const ofNodeHttp: OwnServerKind = {
  name: "node:http",
  async start({ port, grid, tellsAddress = false }) {
    const server = createServer((_request, response) => response.end(PAGE));
    server.on("upgrade", (request, socket, head) => {
      const { remoteAddress } = request.socket;
      grid().upgradeSocket(request, socket, head, tellsAddress ? { remoteAddress } : {});
    });
    await new Promise<void>((resolve) => server.listen(port, HOST, resolve));
    return {
      [Symbol.asyncDispose]: () =>
        new Promise<void>((resolve, reject) => {
          server.close((error) => error ? reject(error) : resolve());
          server.closeAllConnections();
        }),
    };
  },
};

const ofDenoServe: OwnServerKind = {
  name: "Deno.serve",
  start({ port, grid, tellsAddress = false }) {
    const server = Deno.serve(
      { hostname: HOST, port, onListen() {} },
      (request, { remoteAddr: { hostname } }) =>
        new URL(request.url).pathname !== PAGE_PATH
          ? grid().upgrade(request, tellsAddress ? { remoteAddress: hostname } : {})
          : new Response(PAGE),
    );
    return Promise.resolve(server);
  },
};

/** As much of `Bun` as is used here. */
interface BunApi {
  serve(options: {
    hostname: string;
    port: number;
    fetch(request: Request, server: BunServer): Response;
    websocket: object;
  }): BunServer;
}

interface BunServer extends UpgradeServer {
  requestIP(request: Request): { readonly address: string };
  stop(isAbrupt: boolean): Promise<void>;
}

const ofBunServe: OwnServerKind = {
  name: "Bun.serve",
  start({ port, grid, tellsAddress = false }) {
    const server = (globalThis as unknown as { Bun: BunApi }).Bun.serve({
      hostname: HOST,
      port,
      fetch(request, server) {
        if (new URL(request.url).pathname === PAGE_PATH) return new Response(PAGE);
        const { address } = server.requestIP(request);
        return grid().upgrade(request, {
          server,
          ...(tellsAddress && { remoteAddress: address }),
        });
      },
      websocket: webSocketHandlers(),
    });
    return Promise.resolve({ [Symbol.asyncDispose]: () => server.stop(true) });
  },
};

/** The kinds that this runtime has. */
export const OWN_SERVERS: readonly OwnServerKind[] = RUNTIME === "deno"
  ? [ofDenoServe, ofNodeHttp]
  : RUNTIME === "bun"
  ? [ofBunServe, ofNodeHttp]
  : [ofNodeHttp];
