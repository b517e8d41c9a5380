/**
 * Calls to a service that has replicas: endpoints, resolvers, balancers, a
 * client and a server, on the same engine as the grid of `@internode/grid`.
 *
 * @module
 */

export * from "./lib/discovery/mod.ts";
export {
  type ErrorCode,
  type ErrorOrigin,
  type ErrorOutcome,
  HandlerError,
  InternodeError,
} from "./lib/errors.ts";
export { sharedSecret, type SharedSecretOptions } from "./lib/driver/shared_secret.ts";
export type { Logger } from "./lib/rpc/contract/logger.ts";
export type { CloseOptions } from "./lib/rpc/connecting/close_options.ts";
export type {
  CallCounts,
  ClientStats,
  ConnectionStats,
  ServerStats,
  TrafficStats,
} from "./lib/rpc/connecting/connection_stats.ts";
export type { ConnectionState } from "./lib/rpc/contract/connection_state.ts";
export {
  type ContextKey,
  contextKey,
  type ContextValues,
  contextValues,
} from "./lib/rpc/contract/context_values.ts";
export type {
  CallResult,
  ClientCall,
  ClientCallBase,
  ClientInterceptor,
  InterceptedCall,
  InterceptedCallBase,
  Interceptor,
  Next,
  ServerCall,
  ServerCallBase,
  ServerInterceptor,
  SingleCallPart,
  SingleResult,
  StreamCallPart,
  StreamResult,
} from "./lib/rpc/contract/interceptor.ts";
export { logCalls, type LogCallsOptions } from "./lib/rpc/interceptors/log_calls.ts";
export {
  propagateDeadline,
  type PropagateDeadlineOptions,
} from "./lib/rpc/interceptors/propagate_deadline.ts";
export { rateLimit, type RateLimitOptions } from "./lib/rpc/interceptors/rate_limit.ts";
export type { EnclosingCall } from "./lib/rpc/contract/call_options.ts";
export type { CallTrace } from "./lib/rpc/tracing/call_trace.ts";
export type {
  CallInFlight,
  CallInFlightState,
  CallsOptions,
  StreamProgress,
} from "./lib/rpc/contract/call_in_flight.ts";
export type { Inspectable } from "./lib/rpc/inspection/inspectable.ts";
export type { Server, ServerConnection } from "./lib/rpc/connecting/server.ts";
export type { ServedClient } from "./lib/rpc/serving/served_connection.ts";
export type {
  ByteChannel,
  Channel,
  MessageChannel,
  MessageReceiver,
} from "./lib/transport/channel/transport.ts";
export { type Balancer, type PickOptions, type Replica } from "./lib/call/balancers/balancer.ts";
export { balancerFunc } from "./lib/call/balancers/balancer_func.ts";
export type { ClientOptions } from "./lib/call/service/client_options.ts";
export {
  type CommunicationError,
  isCommunicationError,
} from "./lib/call/service/communication_error.ts";
export { connect } from "./lib/call/connect.ts";
export {
  consistentHash,
  type ConsistentHashOptions,
} from "./lib/call/balancers/consistent_hash.ts";
export { failureDetail } from "./lib/rpc/contract/failure_detail.ts";
export { gridMethod, type GridMethodOptions } from "./lib/call/service/grid_method.ts";
export type { HandlerBundle } from "./lib/rpc/contract/handler_bundle.ts";
export { HandlerMap, type MethodOptions } from "./lib/call/server/handler_map.ts";
export {
  implement,
  type Implementation,
  type ImplementOptions,
  type MethodHandler,
} from "./lib/call/server/implement.ts";
export { leastLoaded } from "./lib/call/balancers/least_loaded.ts";
export { listen, type ServiceListenOptions } from "./lib/call/server/listen.ts";
export { makeMethodKey, MethodKey } from "./lib/call/service/method_key.ts";
export type { OutlierOptions } from "./lib/call/service/outlier_detector.ts";
export {
  serveWorker,
  serveWorkers,
  type ServeWorkersOptions,
  type ThisWorker,
  type WorkerAddresses,
  WorkerServer,
  type WorkerService,
  type WorkerState,
  type WorkerStats,
} from "./lib/call/workers/mod.ts";
export type { ReplicaState } from "./lib/call/replicas/replica_state.ts";
export type { RetryBudgetOptions } from "./lib/call/service/retry_budget.ts";
export type { RetryOptions } from "./lib/call/service/retry_policy.ts";
export { roundRobin } from "./lib/call/balancers/round_robin.ts";
export { serve, serveOn } from "./lib/call/server/serve.ts";
export type { ServeOptions } from "./lib/call/server/server_options.ts";
export {
  type AnyMethod,
  method,
  type Methods,
  methodStream,
  type Service,
  service,
  type ServiceOptions,
  type SingleMethod,
  type SingleMethodOptions,
  type StreamMethod,
  type StreamMethodOptions,
} from "./lib/call/service/service.ts";
export type { HedgeOptions, ServiceCallOptions } from "./lib/call/service/service_call_options.ts";
export { type ReplicaStatus, ServiceConnection } from "./lib/call/service_connection.ts";
export type { AcceptedConnection, ServiceListener } from "./lib/call/server/service_listener.ts";
export { sharded } from "./lib/call/balancers/sharded.ts";
export type { ZoneOptions } from "./lib/call/service/zone_options.ts";
export {
  type Client,
  client,
  type MethodCall,
  type SingleCall,
  type StreamCall,
} from "./lib/call/stub.ts";
export { allowNames, type AllowRule, type CallingPeer } from "./lib/rpc/contract/allow.ts";
export type {
  AdminAction,
  Audit,
  AuditEvent,
  RefusalsLeftOut,
  RefusedCall,
  RefusedConnection,
} from "./lib/rpc/contract/audit.ts";
export type {
  CallMeter,
  MeasuredPoint,
  Measurement,
  Meter,
  MeteredCalls,
  MeteredFace,
  MeteredOutcome,
} from "./lib/rpc/contract/meter.ts";
export type { Span, SpanOptions, TraceContext, Tracer } from "./lib/rpc/contract/tracer.ts";
export type { HandshakeLimits } from "./lib/transport/channel/listener_limiter.ts";
export { mtls } from "./lib/transport/mtls/mtls.ts";
export type { CredentialsLogger } from "./lib/transport/certificates/certificate_expiry.ts";
export type {
  Credentials,
  MtlsConfig,
  MtlsFileConfig,
  MtlsFiles,
  MtlsRules,
  MtlsTexts,
} from "./lib/transport/certificates/mtls_config.ts";
export {
  type CredentialSource,
  MtlsCredentials,
  type MtlsCredentialsOptions,
} from "./lib/transport/certificates/mtls_credentials.ts";
export { mtlsTransport, mtlsTransports } from "./lib/transport/mtls/mtls_transport.ts";
export type { Revocation, RevocationList } from "./lib/transport/certificates/revocation_list.ts";
export type { PeerIdentity, PeerNames } from "./lib/transport/channel/peer_identity.ts";
