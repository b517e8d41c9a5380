/**
 * Who is there: resolvers for clients of services and for nodes of grids.
 *
 * @module
 */

export type { Endpoint, EndpointAttributes } from "../transport/channel/endpoint.ts";
export { constantResolver } from "./constant_resolver.ts";
export { directoryResolver, type DirectoryResolverOptions } from "./directory_resolver.ts";
export type { DnsRecordType, NameServer, ResolveDns } from "./dns/dns_lookup.ts";
export { dnsResolver, type DnsResolverOptions } from "./dns/dns_resolver.ts";
export * from "./etcd/mod.ts";
export { fileResolver, type FileResolverOptions } from "./file_resolver.ts";
export * from "./kubernetes/mod.ts";
export { ManualResolver, type ManualResolverOptions } from "./manual_resolver.ts";
export type { ShardKey } from "./ownership/key_hash.ts";
export {
  type OwnerHost,
  owners,
  RendezvousHash,
  rendezvousHash,
} from "./ownership/rendezvous_hash.ts";
export { withAttributes } from "./resolver/attributed_endpoint.ts";
export type { ShrinkOptions } from "./resolver/shrink_guard.ts";
export { missing, type Resolution, type Resolver, type Version } from "./resolver/resolver.ts";
export {
  type ResolutionSink,
  type ResolutionWatch,
  WatchingResolver,
  type WatchingResolverOptions,
} from "./resolver/watching_resolver.ts";
export {
  memory,
  NetEndpoint,
  type NetEndpointOptions,
  parseNetEndpoint,
  tcp,
  type TcpEndpointOptions,
  unix,
  type WebSocketEndpointOptions,
  ws,
} from "../transport/net_endpoint.ts";
