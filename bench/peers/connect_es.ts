/**
 * Connect for ECMAScript over HTTP/2, with a descriptor made at run time of
 * what code generation would otherwise give.
 *
 * @module
 */

import { createClient } from "npm:@connectrpc/connect@2.2.0";
import {
  connectNodeAdapter,
  createConnectTransport,
  Http2SessionManager,
} from "npm:@connectrpc/connect-node@2.2.0";
import { create, createFileRegistry, type Message } from "npm:@bufbuild/protobuf@2.17.0";
import type { GenMessage, GenService } from "npm:@bufbuild/protobuf@2.17.0/codegenv2";
import {
  FieldDescriptorProto_Label,
  FieldDescriptorProto_Type,
  FileDescriptorProtoSchema,
} from "npm:@bufbuild/protobuf@2.17.0/wkt";
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

/** One HTTP/2 connection without TLS, the binary form, no compression. */
export const connectEs: Peer = {
  async serve() {
    const server = http2.createServer(connectNodeAdapter({
      routes: (router) => router.service(Echo, { echo: ({ body }) => ({ body }) }),
      acceptCompression: [],
    }));
    await new Promise<void>((resolve) => server.listen(0, LOOPBACK, resolve));
    return {
      address: `http://${LOOPBACK}:${(server.address() as AddressInfo).port}`,
      [Symbol.asyncDispose]: () => Promise.resolve(void server.close()),
    };
  },
  dial(baseUrl) {
    const sessionManager = new Http2SessionManager(baseUrl);
    const transport = createConnectTransport({
      baseUrl,
      httpVersion: "2",
      sessionManager,
      useBinaryFormat: true,
      acceptCompression: [],
    });
    const { echo } = createClient(Echo, transport);
    return Promise.resolve({
      echo: async (body) => (await echo({ body })).body,
      [Symbol.asyncDispose]: () => Promise.resolve(sessionManager.abort()),
    });
  },
};
