/**
 * The contracts of the admin service.
 *
 * @module
 */

import type { Health, HealthOptions } from "../operations/health.ts";
import type { SingleContract, StreamContract } from "../rpc/contract/contract.ts";
import {
  callsContract,
  type CallsRequest,
  type CallsResponse,
  type TraceBatch,
  traceContract,
  type TraceRequest,
} from "./calls_contract.ts";
import {
  describeContract,
  type DescribeRequest,
  type DescribeResponse,
} from "./describe_contract.ts";
import { figuresContract, type FiguresRequest, type FiguresResponse } from "./figures_contract.ts";
import { type AdminStatus, statusContract, type StatusRequest } from "./status_contract.ts";
import {
  type AdminLogLevel,
  drainContract,
  type DrainRequest,
  type DrainResponse,
  healthContract,
  logLevelContract,
  type LogLevelRequest,
  pingContract,
  type PingRequest,
  type PingResponse,
} from "./steering_contract.ts";

/** The contracts of the admin service, by the methods of `AdminClient`. */
export interface AdminContracts {
  /** See `AdminClient.status`. */
  readonly status: SingleContract<StatusRequest, AdminStatus>;
  /** See `AdminClient.calls`. */
  readonly calls: SingleContract<CallsRequest, CallsResponse>;
  /** See `AdminClient.trace`. */
  readonly trace: StreamContract<TraceRequest, never, TraceBatch>;
  /** See `AdminClient.describe`. */
  readonly describe: SingleContract<DescribeRequest, DescribeResponse>;
  /** See `AdminClient.ping`. */
  readonly ping: SingleContract<PingRequest, PingResponse>;
  /** See `AdminClient.health`. */
  readonly health: SingleContract<HealthOptions, Health>;
  /** See `AdminClient.figures`. */
  readonly figures: SingleContract<FiguresRequest, FiguresResponse>;
  /** See `AdminClient.logLevel`. */
  readonly logLevel: SingleContract<LogLevelRequest, AdminLogLevel>;
  /** See `AdminClient.drain`. */
  readonly drain: SingleContract<DrainRequest, DrainResponse>;
}

/**
 * The contracts of the admin service, for whoever calls it without an
 * `AdminClient`, such as a node its peers. Tools and nodes of different
 * versions understand each other: fields may be added, and are optional then.
 *
 * @example What a node's peers are
 * ```ts
 * import type { Manager } from "@internode/grid";
 * import { adminContracts } from "@internode/grid/admin";
 *
 * async function versions(grid: Manager): Promise<readonly string[]> {
 *   const asked = grid.connections().map((peer) => peer.request(adminContracts.status, {}));
 *   return (await Promise.all(asked)).map(({ name, version }) => `${name} ${version}`);
 * }
 * console.log(versions.name);
 * ```
 */
export const adminContracts: AdminContracts = Object.freeze({
  status: statusContract,
  calls: callsContract,
  trace: traceContract,
  describe: describeContract,
  ping: pingContract,
  health: healthContract,
  figures: figuresContract,
  logLevel: logLevelContract,
  drain: drainContract,
});
