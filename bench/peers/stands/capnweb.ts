/**
 * Cap'n Web over one WebSocket.
 *
 * @module
 */

import { newWebSocketRpcSession, RpcTarget } from "capnweb";
import type { AddressInfo } from "node:net";
import { WebSocket as NodeWebSocket, WebSocketServer } from "ws";
import { type EchoServer, LOOPBACK, type Peer, RUNTIME } from "./peer.ts";

class Echo extends RpcTarget {
  echo(payload: Uint8Array): Uint8Array {
    return payload;
  }
}

function serveOnDeno(): Promise<EchoServer> {
  const server = Deno.serve({ hostname: LOOPBACK, port: 0, onListen: () => {} }, (request) => {
    const { socket, response } = Deno.upgradeWebSocket(request);
    newWebSocketRpcSession(socket, new Echo());
    return response;
  });
  return Promise.resolve({
    address: `ws://${LOOPBACK}:${server.addr.port}`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  });
}

async function serveByWs(): Promise<EchoServer> {
  const server = new WebSocketServer({ host: LOOPBACK, port: 0 });
  await new Promise<void>((resolve) => server.once("listening", resolve));
  server.on("connection", (socket) => {
    newWebSocketRpcSession(socket as unknown as WebSocket, new Echo());
  });
  return {
    address: `ws://${LOOPBACK}:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: () => {
      for (const socket of server.clients) socket.terminate();
      return new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

/**
 * Bytes travel as base64 in JSON, as this protocol has it.
 *
 * @param dialler The runtime's own WebSocket leaves `TCP_NODELAY` off: two small messages in a row,
 *   as this protocol likes to send them, and messages above 1,024 bytes then wait 44 ms for the
 *   other side's acknowledgement. The package `ws` does better, though it takes more of the
 *   processor's time.
 */
export function capnweb(dialler: "ws" | "runtime"): Peer {
  return {
    missing: () =>
      Promise.resolve(
        dialler === "runtime" && RUNTIME !== "deno"
          ? "it stands for the WebSocket of Deno, which is another than this runtime's"
          : undefined,
      ),
    serve: RUNTIME === "deno" ? serveOnDeno : serveByWs,
    dial(url) {
      const socket = dialler === "ws"
        ? new NodeWebSocket(url) as unknown as WebSocket
        : new WebSocket(url);
      const stub = newWebSocketRpcSession<Echo>(socket);
      return Promise.resolve({
        echo: async (payload) => await stub.echo(payload),
        [Symbol.asyncDispose]: () => Promise.resolve(stub[Symbol.dispose]()),
      });
    },
  };
}
