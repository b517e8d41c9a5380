/**
 * Cap'n Web over one WebSocket.
 *
 * @module
 */

import { newWebSocketRpcSession, RpcTarget } from "npm:capnweb@0.12.0";
import { LOOPBACK, type Peer } from "./peer.ts";

class Echo extends RpcTarget {
  echo(payload: Uint8Array): Uint8Array {
    return payload;
  }
}

/** Bytes travel as base64 in JSON, as this protocol has it. */
export const capnweb: Peer = {
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
    const stub = newWebSocketRpcSession<Echo>(new WebSocket(url));
    return Promise.resolve({
      echo: async (payload) => await stub.echo(payload),
      [Symbol.asyncDispose]: () => Promise.resolve(stub[Symbol.dispose]()),
    });
  },
};
