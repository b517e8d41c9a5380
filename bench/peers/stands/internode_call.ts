/**
 * Internode's call face: a client of a service with one replica.
 *
 * @module
 */

import {
  client,
  connect,
  constantResolver,
  implement,
  listen,
  method,
  parseNetEndpoint,
  serve,
  service,
} from "@internode/grid/call";
import { freePorts } from "../../../tools/network/free_ports.ts";
import { LOOPBACK, type Peer } from "./peer.ts";

const Echo = service("peers", { echo: method() });

/** A client and a server with all defaults. */
export const internodeCall: Peer = {
  async serve() {
    const address = `tcp://${LOOPBACK}:${freePorts(1)[0]}`;
    const stop = new AbortController();
    const listener = await listen(address, implement(Echo, { echo: (bytes) => bytes }));
    const served = serve(listener, { signal: stop.signal, graceMs: 0 }).finished;
    return {
      address,
      [Symbol.asyncDispose]: () => {
        stop.abort();
        return served;
      },
    };
  },
  async dial(address) {
    const connection = await connect(constantResolver(parseNetEndpoint(address)));
    const { echo } = client(Echo, connection);
    return {
      echo: (payload) => echo(payload),
      [Symbol.asyncDispose]: () => connection[Symbol.asyncDispose](),
    };
  },
};
