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
export type { Codec } from "./lib/codec/codec.ts";
export type { ByteReader } from "./lib/wire/byte_reader.ts";
export type { ByteWriter } from "./lib/wire/byte_writer.ts";
export { DEFAULT_LIMITS, type Limits } from "./lib/wire/limits.ts";
export type {
  Authenticator,
  ProverRole,
  TokenClaim,
  TokenVerdict,
} from "./lib/session/authenticator.ts";
export type { SessionTimes } from "./lib/session/session_options.ts";
export type { Authorize, TokenJudgement } from "./lib/net/admission.ts";
export type { Clock, Random, Timer } from "./lib/net/clock.ts";
export type { Door, DoorPlace } from "./lib/net/door.ts";
export type { HostAddress } from "./lib/net/host_address.ts";
export type { DoorLimits } from "./lib/net/listener_door.ts";
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
export { mtlsTransports } from "./lib/net/mtls_transport.ts";
export type { Revocation, RevocationList } from "./lib/net/revocation_list.ts";
export type { PeerIdentity, PeerNames } from "./lib/net/peer_identity.ts";
export { pairSecret } from "./lib/net/pair_secret.ts";
export {
  type Secret,
  type SecretsByPeer,
  sharedSecret,
  type SharedSecretOptions,
} from "./lib/net/shared_secret.ts";
export type { TlsOptions } from "./lib/net/tls.ts";
export type {
  ByteChannel,
  Channel,
  DialOptions,
  Listener,
  ListenOptions,
  MessageChannel,
  MessageReceiver,
  Progress,
  SocketPoll,
  Transport,
  Transports,
} from "./lib/net/transport.ts";
export { nativeWebSocketTransport } from "./lib/net/native_web_socket.ts";
export { systemTransports } from "./lib/net/transports.ts";
export { allowNames, type AllowRule, type CallingPeer } from "./lib/grid/allow.ts";
export type {
  Audit,
  AuditEvent,
  RefusalsLeftOut,
  RefusedCall,
  RefusedConnection,
} from "./lib/grid/audit.ts";
export type { BackOffOptions } from "./lib/grid/back_off.ts";
export type { CallOptions } from "./lib/grid/call_options.ts";
export type { CallTrace } from "./lib/grid/call_trace.ts";
export { Connection } from "./lib/grid/connection.ts";
export type { ConnectionOptions } from "./lib/grid/connection_options.ts";
export type { ConnectionState } from "./lib/grid/connection_state.ts";
export type { CallCounts, ConnectionStats } from "./lib/grid/connection_stats.ts";
export {
  type AnyContract,
  single,
  type SingleContract,
  type SingleOptions,
  stream,
  type StreamContract,
  type StreamOptions,
} from "./lib/grid/contract.ts";
export type {
  HandleOptions,
  HandlerContext,
  SingleHandlerFunction,
  StreamHandlerFunction,
} from "./lib/grid/handler.ts";
export type { Logger } from "./lib/grid/logger.ts";
export type { CloseOptions } from "./lib/grid/close_options.ts";
export { Manager, type Server, type UpgradeOptions } from "./lib/grid/manager.ts";
export type { ManagerOptions } from "./lib/grid/node_options.ts";
export { Stream } from "./lib/grid/stream.ts";
export type { Span, SpanOptions, TraceContext, Tracer } from "./lib/grid/tracer.ts";
export type { WaitOptions } from "./lib/grid/wait_for_connect.ts";
