/**
 * The admin service: what operators and their tools see of nodes and servers,
 * and change in them.
 *
 * @module
 */

export { admin, type AdminOptions } from "./admin.ts";
export { AdminClient, type AdminClientOptions, type PingResult } from "./admin_client.ts";
export type {
  AdminCall,
  CallsRequest,
  CallsResponse,
  TraceBatch,
  TracedCall,
  TraceRequest,
} from "./calls_contract.ts";
export { type CallRates, callRates } from "./call_rates.ts";
export type { AdminFigures, FiguresRequest, FiguresResponse } from "./figures_contract.ts";
export type { Health, HealthOptions, HealthVerdict } from "../operations/health.ts";
export { type AdminContracts, adminContracts } from "./contracts.ts";
export type { AdminHandler, DescribeRequest, DescribeResponse } from "./describe_contract.ts";
export type {
  AdminCertificate,
  AdminIdentity,
  AdminRemote,
  AdminReplica,
  AdminStatus,
  Figures,
  StatusRequest,
} from "./status_contract.ts";
export type { LoopDelay } from "../rpc/inspection/loop_delay.ts";
export type { MemoryFigures } from "../runtime/platform/platform.ts";
export type {
  AdminLogLevel,
  DrainRequest,
  DrainResponse,
  LogLevelRequest,
  PingRequest,
  PingResponse,
} from "./steering_contract.ts";
