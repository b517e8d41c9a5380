/**
 * tRPC over one WebSocket.
 *
 * @module
 */

import type { AddressInfo } from "node:net";
import { createTRPCClient, createWSClient, wsLink } from "@trpc/client";
import { initTRPC } from "@trpc/server";
import { applyWSSHandler } from "@trpc/server/adapters/ws";
import { WebSocket as NodeWebSocket, WebSocketServer } from "ws";
import { LOOPBACK, type Peer } from "./peer.ts";

const { router, procedure } = initTRPC.create();
const echoRouter = router({
  echo: procedure.input((value) => value as string).query(({ input }) => input),
});

/** Bytes travel as base64 in JSON, as it knows no others. */
export const trpc: Peer = {
  async serve() {
    const server = new WebSocketServer({ host: LOOPBACK, port: 0 });
    await new Promise<void>((resolve) => server.once("listening", resolve));
    applyWSSHandler({ wss: server, router: echoRouter });
    return {
      address: `ws://${LOOPBACK}:${(server.address() as AddressInfo).port}`,
      [Symbol.asyncDispose]: () => {
        for (const socket of server.clients) socket.terminate();
        return new Promise<void>((resolve) => server.close(() => resolve()));
      },
    };
  },
  dial(url) {
    const socket = createWSClient({
      url,
      WebSocket: NodeWebSocket as unknown as typeof WebSocket,
    });
    const client = createTRPCClient<typeof echoRouter>({ links: [wsLink({ client: socket })] });
    return Promise.resolve({
      echo: async (payload) => Uint8Array.fromBase64(await client.echo.query(payload.toBase64())),
      [Symbol.asyncDispose]: () => Promise.resolve(void socket.close()),
    });
  },
};
