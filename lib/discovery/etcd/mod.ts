/**
 * Endpoints that stand in etcd: finding them, and putting a server there.
 *
 * @module
 */

export type { EtcdOptions } from "./etcd_gateway.ts";
export type { HttpTls } from "../http/http_connector.ts";
export type { EndpointRecord } from "../resolver/endpoint_record.ts";
export { etcdResolver, type EtcdResolverOptions } from "./etcd_resolver.ts";
export { register } from "./register.ts";
export type { RegisterOptions, Registration } from "./registration.ts";
