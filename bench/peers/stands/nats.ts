/**
 * NATS request and reply, through a real `nats-server` between the two.
 *
 * @module
 */

import { connect } from "@nats-io/transport-node";
import { missingNats, startNats } from "./nats_server.ts";
import type { Peer } from "./peer.ts";

const SUBJECT = "peers.echo";

/** One connection on each side; replies come over one subscription, as the client does by itself. */
export const nats: Peer = {
  missing: () => Promise.resolve(missingNats()),
  async serve() {
    await using stack = new AsyncDisposableStack();
    const { address, pid } = stack.use(await startNats());
    const connection = await connect({ servers: address, waitOnFirstConnect: true });
    stack.defer(() => connection.close());
    connection.subscribe(SUBJECT, {
      callback: (error, message) => {
        if (error === null) message.respond(message.data);
      },
    });
    await connection.flush();
    const started = stack.move();
    return {
      address,
      brokerPid: pid,
      [Symbol.asyncDispose]: () => started.disposeAsync(),
    };
  },
  async dial(address) {
    const connection = await connect({ servers: address });
    return {
      echo: async (payload) =>
        (await connection.request(SUBJECT, payload, { timeout: 60_000 })).data,
      [Symbol.asyncDispose]: () => connection.close(),
    };
  },
};
