/**
 * gRPC as its implementation for JavaScript has it, with a `.proto` file that
 * is loaded at run time.
 *
 * @module
 */

import * as grpc from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import { LOOPBACK, type Peer } from "./peer.ts";

interface Payload {
  readonly body: Uint8Array;
}

const definition = loadSync(`${import.meta.dirname}/echo.proto`);
const Echo = grpc.makeClientConstructor(
  definition["internode.bench.Echo"] as grpc.ServiceDefinition,
  "Echo",
);

/** So much of a stream or connection may be under way: the default of 64 KiB is one payload. */
const OPTIONS = { "grpc-node.flow_control_window": 4 * 1024 * 1024 };

/** One channel, which is one HTTP/2 connection, without TLS. */
export const grpcJs: Peer = {
  async serve() {
    const server = new grpc.Server(OPTIONS);
    server.addService(Echo.service, {
      Echo: (call: grpc.ServerUnaryCall<Payload, Payload>, reply: grpc.sendUnaryData<Payload>) =>
        reply(null, { body: call.request.body }),
    });
    const port = await new Promise<number>((resolve, reject) =>
      server.bindAsync(
        `${LOOPBACK}:0`,
        grpc.ServerCredentials.createInsecure(),
        (error, port) => error === null ? resolve(port) : reject(error),
      )
    );
    return {
      address: `${LOOPBACK}:${port}`,
      [Symbol.asyncDispose]: () => new Promise((resolve) => server.tryShutdown(() => resolve())),
    };
  },
  dial(address) {
    const client = new Echo(address, grpc.credentials.createInsecure(), OPTIONS);
    const echo = client["Echo"]!.bind(client) as (
      request: Payload,
      done: (error: grpc.ServiceError | null, reply?: Payload) => void,
    ) => void;
    return Promise.resolve({
      echo: (body) =>
        new Promise((resolve, reject) =>
          echo({ body }, (error, reply) => error === null ? resolve(reply!.body) : reject(error))
        ),
      [Symbol.asyncDispose]: () => Promise.resolve(client.close()),
    });
  },
};
