/**
 * tRPC over one WebSocket.
 *
 * @module
 */

import { Buffer } from "node:buffer";
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

// Node 24 has it in buffers of its own alone.
const IS_STANDARD = "fromBase64" in Uint8Array;
const textOf = (bytes: Uint8Array): string =>
  IS_STANDARD ? bytes.toBase64() : Buffer.from(bytes).toString("base64");
const bytesOf = (text: string): Uint8Array =>
  IS_STANDARD ? Uint8Array.fromBase64(text) : Buffer.from(text, "base64");

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
      echo: async (payload) => bytesOf(await client.echo.query(textOf(payload))),
      [Symbol.asyncDispose]: () => Promise.resolve(void socket.close()),
    });
  },
};
