/**
 * Connect for ECMAScript, with a descriptor made at run time of
 * what code generation would otherwise give.
 *
 * @module
 */

import { createClient } from "@connectrpc/connect";
import {
  connectNodeAdapter,
  createConnectTransport,
  Http2SessionManager,
} from "@connectrpc/connect-node";
import { create, createFileRegistry, type Message } from "@bufbuild/protobuf";
import type { GenMessage, GenService } from "@bufbuild/protobuf/codegenv2";
import {
  FieldDescriptorProto_Label,
  FieldDescriptorProto_Type,
  FileDescriptorProtoSchema,
} from "@bufbuild/protobuf/wkt";
import http from "node:http";
import http2 from "node:http2";
import type { AddressInfo } from "node:net";
import { LOOPBACK, type Peer } from "./peer.ts";

type Payload = Message<"internode.bench.Payload"> & { body: Uint8Array };
type PayloadType = GenMessage<Payload>;

/** Typed as generated code is. */
type EchoService = GenService<{
  echo: { methodKind: "unary"; input: PayloadType; output: PayloadType };
}>;

const Echo = createFileRegistry(
  create(FileDescriptorProtoSchema, {
    name: "echo.proto",
    package: "internode.bench",
    syntax: "proto3",
    messageType: [{
      name: "Payload",
      field: [{
        name: "body",
        number: 1,
        jsonName: "body",
        type: FieldDescriptorProto_Type.BYTES,
        label: FieldDescriptorProto_Label.OPTIONAL,
      }],
    }],
    service: [{
      name: "Echo",
      method: [{
        name: "Echo",
        inputType: ".internode.bench.Payload",
        outputType: ".internode.bench.Payload",
      }],
    }],
  }),
  () => undefined,
).getService("internode.bench.Echo") as EchoService;

/** No TLS, the binary form, no compression. */
const CLIENT = { useBinaryFormat: true, acceptCompression: [] };

/**
 * Over HTTP/2 there is one connection, over HTTP/1.1 as many are kept alive as
 * there are requests in flight. The documents recommend the first; on this
 * runtime the second takes less of the processor's time.
 */
export function connectEs(version: "1.1" | "2"): Peer {
  return {
    async serve() {
      const adapter = connectNodeAdapter({
        routes: (router) => router.service(Echo, { echo: ({ body }) => ({ body }) }),
        acceptCompression: [],
      });
      const server = version === "2" ? http2.createServer(adapter) : http.createServer(adapter);
      await new Promise<void>((resolve) => server.listen(0, LOOPBACK, () => resolve()));
      return {
        address: `http://${LOOPBACK}:${(server.address() as AddressInfo).port}`,
        [Symbol.asyncDispose]: () => Promise.resolve(void server.close()),
      };
    },
    dial(baseUrl) {
      const sessionManager = new Http2SessionManager(baseUrl);
      const agent = new http.Agent({ keepAlive: true, maxFreeSockets: 4_096 });
      const transport = version === "2"
        ? createConnectTransport({ ...CLIENT, baseUrl, httpVersion: "2", sessionManager })
        : createConnectTransport({
          ...CLIENT,
          baseUrl,
          httpVersion: "1.1",
          nodeOptions: { agent },
        });
      const { echo } = createClient(Echo, transport);
      return Promise.resolve({
        echo: async (body) => (await echo({ body })).body,
        async [Symbol.asyncDispose](): Promise<void> {
          sessionManager.abort();
          agent.destroy();
          await Promise.resolve();
        },
      });
    },
  };
}
