/**
 * Cap'n Web over one WebSocket.
 *
 * @module
 */

import { newWebSocketRpcSession, RpcTarget } from "capnweb";
import { WebSocket as NodeWebSocket } from "ws";
import { LOOPBACK, type Peer } from "./peer.ts";

class Echo extends RpcTarget {
  echo(payload: Uint8Array): Uint8Array {
    return payload;
  }
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
    serve() {
      const server = Deno.serve({ hostname: LOOPBACK, port: 0, onListen: () => {} }, (request) => {
        const { socket, response } = Deno.upgradeWebSocket(request);
        newWebSocketRpcSession(socket, new Echo());
        return response;
      });
      return Promise.resolve({
        address: `ws://${LOOPBACK}:${server.addr.port}`,
        [Symbol.asyncDispose]: () => server.shutdown(),
      });
    },
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
