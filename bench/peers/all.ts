/**
 * The peers by name.
 *
 * @module
 */

import type { Peer } from "./peer.ts";

/** A peer that is loaded when it is wanted, so that no process loads another's packages. */
export interface ListedPeer {
  /** Over what. */
  readonly transport: string;
  /** Loads it. */
  readonly load: () => Promise<Peer>;
}

/** The peer that all others are compared with. */
export const REFERENCE = "internode";

/** All, in the order of the table. */
export const PEERS: ReadonlyMap<string, ListedPeer> = new Map<string, ListedPeer>([
  [REFERENCE, {
    transport: "tcp",
    load: async () => (await import("./internode_grid.ts")).internodeGrid("tcp"),
  }],
  ["internode-call", {
    transport: "tcp",
    load: async () => (await import("./internode_call.ts")).internodeCall,
  }],
  ["internode-ws", {
    transport: "ws",
    load: async () => (await import("./internode_grid.ts")).internodeGrid("ws"),
  }],
  ["nats", { transport: "tcp, broker", load: async () => (await import("./nats.ts")).nats }],
  ["capnweb", { transport: "ws", load: async () => (await import("./capnweb.ts")).capnweb("ws") }],
  ["capnweb-deno", {
    transport: "ws",
    load: async () => (await import("./capnweb.ts")).capnweb("runtime"),
  }],
  ["socket.io", { transport: "ws", load: async () => (await import("./socket_io.ts")).socketIo }],
  ["trpc", { transport: "ws", load: async () => (await import("./trpc.ts")).trpc }],
  ["fetch", {
    transport: "http/1.1",
    load: async () => (await import("./fetch.ts")).plainFetch("1.1"),
  }],
  ["fetch-h2", {
    transport: "http/2",
    load: async () => (await import("./fetch.ts")).plainFetch("2"),
  }],
  ["grpc-js", { transport: "http/2", load: async () => (await import("./grpc_js.ts")).grpcJs }],
  ["connect-es", {
    transport: "http/2",
    load: async () => (await import("./connect_es.ts")).connectEs("2"),
  }],
  ["connect-es-h1", {
    transport: "http/1.1",
    load: async () => (await import("./connect_es.ts")).connectEs("1.1"),
  }],
]);
