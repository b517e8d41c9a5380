/**
 * Endpoints that stand in etcd: finding them, and putting a server there.
 *
 * @module
 */

export type { EtcdOptions } from "./etcd_gateway.ts";
export { etcdResolver, type EtcdResolverOptions } from "./etcd_resolver.ts";
export { register } from "./register.ts";
export type { RegisterOptions, Registration } from "./registration.ts";
