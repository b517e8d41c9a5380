/**
 * Loads peers when they are wanted, so that no process has another's packages.
 *
 * @module
 */

import type { StandName } from "./list.ts";
import type { Peer } from "./peer.ts";

/** How to load each. */
export const LOAD: { readonly [Name in StandName]: () => Promise<Peer> } = {
  "internode": async () => (await import("./internode_grid.ts")).internodeGrid("tcp"),
  "internode-spin": async () => (await import("./internode_grid.ts")).internodeGrid("tcp", 200),
  "internode-call": async () => (await import("./internode_call.ts")).internodeCall,
  "internode-ws": async () => (await import("./internode_grid.ts")).internodeGrid("ws"),
  "nats": async () => (await import("./nats.ts")).nats,
  "capnweb": async () => (await import("./capnweb.ts")).capnweb("ws"),
  "capnweb-deno": async () => (await import("./capnweb.ts")).capnweb("runtime"),
  "socket.io": async () => (await import("./socket_io.ts")).socketIo,
  "trpc": async () => (await import("./trpc.ts")).trpc,
  "fetch": async () => (await import("./fetch.ts")).plainFetch("1.1"),
  "fetch-h2": async () => (await import("./fetch.ts")).plainFetch("2"),
  "grpc-js": async () => (await import("./grpc_js.ts")).grpcJs,
  "connect-es": async () => (await import("./connect_es.ts")).connectEs("2"),
  "connect-es-h1": async () => (await import("./connect_es.ts")).connectEs("1.1"),
};
