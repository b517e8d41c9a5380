/**
 * What operators and their systems ask of a process: metrics for Prometheus,
 * and whether it is ready and alive.
 *
 * ```ts
 * import { Manager } from "@internode/grid";
 * import { operations } from "@internode/grid/operations";
 *
 * const local = "memory://node-1";
 * await using grid = new Manager({ local, hosts: [local] });
 * const answer = operations({ grid }); // Deno.serve({ port: 9100 }, answer)
 * ```
 *
 * @module
 */

export type { ExpositionFormat } from "./exposition.ts";
export { type Health, health, type HealthOptions, type HealthVerdict } from "./health.ts";
export { nodeListener, type NodeRequest, type NodeResponse } from "./node_listener.ts";
export { operations, type OperationsOptions, type RequestHandler } from "./operations.ts";
export { prometheus, type PrometheusMetrics } from "./prometheus.ts";
export type { Inspectable } from "../rpc/inspection/inspectable.ts";
