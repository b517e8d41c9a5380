/**
 * Socket.IO: an event with an acknowledgement, its payload as a binary attachment.
 *
 * @module
 */

import http from "node:http";
import type { AddressInfo } from "node:net";
import { Server } from "socket.io";
import { io } from "socket.io-client";
import { LOOPBACK, type Peer } from "./peer.ts";

/** WebSocket from the start, without polling first; compression is off by itself. */
export const socketIo: Peer = {
  async serve() {
    const httpServer = http.createServer();
    const server = new Server(httpServer, { transports: ["websocket"], serveClient: false });
    server.on("connection", (socket) => {
      socket.on(
        "echo",
        (payload: Uint8Array, reply: (payload: Uint8Array) => void) => reply(payload),
      );
    });
    await new Promise<void>((resolve) => httpServer.listen(0, LOOPBACK, resolve));
    return {
      address: `http://${LOOPBACK}:${(httpServer.address() as AddressInfo).port}`,
      [Symbol.asyncDispose]: () => server.close(),
    };
  },
  async dial(url) {
    const socket = io(url, { transports: ["websocket"], reconnection: false });
    await new Promise<void>((resolve, reject) => {
      socket.on("connect", resolve);
      socket.on("connect_error", reject);
    });
    return {
      echo: (payload) => socket.emitWithAck("echo", payload),
      [Symbol.asyncDispose]: () => Promise.resolve(void socket.disconnect()),
    };
  },
};
