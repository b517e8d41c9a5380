/**
 * Internode: servers that talk to each other over one two-way multiplexed connection for each pair.
 *
 * Describe what nodes say to each other with {@linkcode single} and
 * {@linkcode stream}, make a {@linkcode Manager} on each node, register
 * handlers, and call peers through {@linkcode Connection}.
 *
 * @module
 */

export {
  type ErrorCode,
  type ErrorOrigin,
  type ErrorOutcome,
  HandlerError,
  InternodeError,
  type InternodeErrorInit,
} from "./lib/errors.ts";
export type { Codec } from "./lib/codec/format/codec.ts";
export type { ByteReader } from "./lib/wire/byte_reader.ts";
export type { ByteWriter } from "./lib/wire/byte_writer.ts";
export { DEFAULT_LIMITS, type Limits } from "./lib/wire/limits.ts";
export type { Authenticator, TokenVerdict } from "./lib/session/frames/authenticator.ts";
export type { SessionTimes } from "./lib/session/frames/session_options.ts";
export type { Authorize, TokenJudgement } from "./lib/transport/channel/authorization.ts";
export type { Clock, Random, Timer } from "./lib/runtime/clock.ts";
export type { HandshakeLimiter, HandshakeSlot } from "./lib/transport/channel/handshake_limiter.ts";
export type { HostAddress } from "./lib/runtime/host_address.ts";
export type { HandshakeLimits } from "./lib/transport/channel/listener_limiter.ts";
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
export { mtlsTransports } from "./lib/transport/mtls/mtls_transport.ts";
export type { Revocation, RevocationList } from "./lib/transport/certificates/revocation_list.ts";
export type { PeerIdentity, PeerNames } from "./lib/transport/channel/peer_identity.ts";
export { pairSecret } from "./lib/driver/pair_secret.ts";
export {
  type Secret,
  type SecretsByPeer,
  sharedSecret,
  type SharedSecretOptions,
} from "./lib/driver/shared_secret.ts";
export type { Resolution, Resolver, Version } from "./lib/discovery/resolver/resolver.ts";
export type { Endpoint } from "./lib/transport/channel/endpoint.ts";
export {
  type OwnerHost,
  owners,
  RendezvousHash,
  rendezvousHash,
} from "./lib/discovery/ownership/rendezvous_hash.ts";
export type { ShardKey } from "./lib/discovery/ownership/key_hash.ts";
export type { TlsOptions } from "./lib/transport/tls/tls.ts";
export type {
  ByteChannel,
  Channel,
  DialOptions,
  Listener,
  ListenOptions,
  MessageChannel,
  MessageReceiver,
  Progress,
  Transport,
  Transports,
} from "./lib/transport/channel/transport.ts";
export {
  type OtherWebSocketHandlers,
  type UpgradeServer,
  type WebSocketHandlers,
  webSocketHandlers,
} from "./lib/transport/websocket/server_web_socket.ts";
export type { ServerWebSocket } from "./lib/transport/websocket/server_web_socket_channel.ts";
export type { UpgradeRequest } from "./lib/transport/websocket/socket_upgrades.ts";
export type { ByteStream } from "./lib/runtime/platform/byte_stream.ts";
export { nativeWebSocketTransport } from "./lib/transport/websocket/native_web_socket.ts";
export { systemTransports } from "./lib/transport/transports.ts";
export { allowNames, type AllowRule, type CallingPeer } from "./lib/rpc/contract/allow.ts";
export type {
  AdminAction,
  Audit,
  AuditEvent,
  RefusalsLeftOut,
  RefusedCall,
  RefusedConnection,
} from "./lib/rpc/contract/audit.ts";
export type { BackOffOptions } from "./lib/rpc/connecting/back_off.ts";
export type { CallPriority } from "./lib/session/frames/priority.ts";
export type { CallOptions, EnclosingCall } from "./lib/rpc/contract/call_options.ts";
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
  Interceptors,
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
export type { CallTrace } from "./lib/rpc/tracing/call_trace.ts";
export { Connection } from "./lib/grid/connection.ts";
export type { ConnectionOptions } from "./lib/rpc/connecting/connection_options.ts";
export type { ConnectionState } from "./lib/rpc/contract/connection_state.ts";
export type {
  CallCounts,
  ConnectionStats,
  ServerStats,
  TrafficStats,
} from "./lib/rpc/connecting/connection_stats.ts";
export type {
  CallInFlight,
  CallInFlightState,
  CallsOptions,
  StreamProgress,
} from "./lib/rpc/contract/call_in_flight.ts";
export type { Inspectable } from "./lib/rpc/inspection/inspectable.ts";
export type { Server, ServerConnection } from "./lib/rpc/connecting/server.ts";
export {
  type AnyContract,
  single,
  type SingleContract,
  type SingleOptions,
  stream,
  type StreamContract,
  type StreamOptions,
} from "./lib/rpc/contract/contract.ts";
export type { HandlerBundle } from "./lib/rpc/contract/handler_bundle.ts";
export { failureDetail } from "./lib/rpc/contract/failure_detail.ts";
export type {
  AdaptiveConcurrency,
  HandleOptions,
  HandlerContext,
  SingleHandlerFunction,
  StreamHandlerFunction,
} from "./lib/rpc/contract/handler.ts";
export type { Logger } from "./lib/rpc/contract/logger.ts";
export type { CloseOptions } from "./lib/rpc/connecting/close_options.ts";
export type { HostEntry, HostSource } from "./lib/grid/hosts/host_list.ts";
export { Manager } from "./lib/grid/manager.ts";
export type { HostsChange } from "./lib/grid/membership.ts";
export type { UpgradeOptions } from "./lib/grid/own_server.ts";
export type { ManagerOptions } from "./lib/grid/node_options.ts";
export { Stream } from "./lib/rpc/calling/stream.ts";
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
export type { WaitOptions } from "./lib/grid/wait_for_connect.ts";
