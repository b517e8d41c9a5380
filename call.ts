/**
 * Calls to a service that has replicas: endpoints, resolvers, balancers, a
 * client and a server, on the same engine as the grid of `@internode/grid`.
 *
 * @module
 */

export {
  type Balancer,
  type PickOptions,
  type Replica,
  type ShardKey,
} from "./lib/call/balancer.ts";
export { balancerFunc } from "./lib/call/balancer_func.ts";
export type { ClientOptions } from "./lib/call/client_options.ts";
export { type CommunicationError, isCommunicationError } from "./lib/call/communication_error.ts";
export { connect } from "./lib/call/connect.ts";
export { consistentHash, type ConsistentHashOptions } from "./lib/call/consistent_hash.ts";
export { constantResolver } from "./lib/call/constant_resolver.ts";
export { failureDetail } from "./lib/call/failure_detail.ts";
export { HandlerMap, type MethodOptions } from "./lib/call/handler_map.ts";
export {
  implement,
  type Implementation,
  type ImplementOptions,
  type MethodHandler,
} from "./lib/call/implement.ts";
export { leastLoaded } from "./lib/call/least_loaded.ts";
export { ManualResolver } from "./lib/call/manual_resolver.ts";
export { listen, type ServiceListenOptions } from "./lib/call/listen.ts";
export { makeMethodKey, MethodKey } from "./lib/call/method_key.ts";
export type { OutlierOptions } from "./lib/call/outlier_detector.ts";
export type { ReplicaState } from "./lib/call/replica_state.ts";
export { missing, type Resolution, type Resolver, type Version } from "./lib/call/resolver.ts";
export type { RetryBudgetOptions } from "./lib/call/retry_budget.ts";
export type { RetryOptions } from "./lib/call/retry_policy.ts";
export { roundRobin } from "./lib/call/round_robin.ts";
export { serve, serveOn } from "./lib/call/serve.ts";
export { serveWorker, type ThisWorker, type WorkerService } from "./lib/call/serve_worker.ts";
export { serveWorkers, type ServeWorkersOptions } from "./lib/call/serve_workers.ts";
export type { ServeOptions } from "./lib/call/server_options.ts";
export {
  type AnyMethod,
  method,
  type MethodPlan,
  type Methods,
  methodStream,
  type Service,
  service,
  type SingleMethod,
  type SingleMethodOptions,
  type StreamMethod,
  type StreamMethodOptions,
} from "./lib/call/service.ts";
export type { HedgeOptions, ServiceCallOptions } from "./lib/call/service_call_options.ts";
export { type ReplicaStatus, ServiceConnection } from "./lib/call/service_connection.ts";
export type { AcceptedConnection, ServiceListener } from "./lib/call/service_listener.ts";
export { sharded } from "./lib/call/sharded.ts";
export {
  type Client,
  client,
  type MethodCall,
  type SingleCall,
  type StreamCall,
  type StubConnection,
} from "./lib/call/stub.ts";
export {
  type ResolutionSink,
  type ResolutionWatch,
  WatchingResolver,
} from "./lib/call/watching_resolver.ts";
export type { WorkerSettings } from "./lib/call/worker_message.ts";
export { type WorkerAddresses, WorkerServer, type WorkerStats } from "./lib/call/worker_server.ts";
export type { WorkerState } from "./lib/call/worker_slot.ts";
export {
  directoryResolver,
  type DirectoryResolverOptions,
} from "./lib/discovery/directory_resolver.ts";
export type { DnsRecordType, NameServer, ResolveDns } from "./lib/discovery/dns_lookup.ts";
export { dnsResolver, type DnsResolverOptions } from "./lib/discovery/dns_resolver.ts";
export type { EtcdOptions } from "./lib/discovery/etcd_gateway.ts";
export { etcdResolver, type EtcdResolverOptions } from "./lib/discovery/etcd_resolver.ts";
export { fileResolver, type FileResolverOptions } from "./lib/discovery/file_resolver.ts";
export { register } from "./lib/discovery/register.ts";
export type { RegisterOptions, Registration } from "./lib/discovery/registration.ts";
export { allowNames, type AllowRule, type CallingPeer } from "./lib/grid/allow.ts";
export type {
  Audit,
  AuditEvent,
  RefusalsLeftOut,
  RefusedCall,
  RefusedConnection,
} from "./lib/grid/audit.ts";
export type { Span, SpanOptions, TraceContext, Tracer } from "./lib/grid/tracer.ts";
export type { Endpoint } from "./lib/net/endpoint.ts";
export type { DoorLimits } from "./lib/net/listener_door.ts";
export { mtls } from "./lib/net/mtls.ts";
export type { CredentialsLogger } from "./lib/net/certificate_expiry.ts";
export type {
  Credentials,
  MtlsConfig,
  MtlsFileConfig,
  MtlsFiles,
  MtlsRules,
  MtlsTexts,
} from "./lib/net/mtls_config.ts";
export {
  type CredentialSource,
  MtlsCredentials,
  type MtlsCredentialsOptions,
} from "./lib/net/mtls_credentials.ts";
export { mtlsTransport, mtlsTransports } from "./lib/net/mtls_transport.ts";
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
} from "./lib/net/net_endpoint.ts";
export type { Revocation, RevocationList } from "./lib/net/revocation_list.ts";
export type { PeerIdentity, PeerNames } from "./lib/net/peer_identity.ts";
