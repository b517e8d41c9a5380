/**
 * The messages between `serveWorkers` and its workers.
 *
 * ```text
 *   serveWorkers            worker
 *        | <------ here ------ |   its module has called serveWorker
 *        | ------- serve ----> |
 *        | <----- serving ---- |   it listens
 *        | ------- ask ------> |   now and then, and for the figures
 *        | <------ told ------ |
 *        | ------- stop -----> |
 *        | <----- stopped ---- |   what ran has ended
 * ```
 *
 * In place of `serving`, `told` or `stopped` there may be `failed`, the last
 * message of the worker. A module, or what it imports, may send messages of its
 * own: all others are ignored.
 *
 * @module
 */

import type { ErrorCode } from "../../errors.ts";
import type { ServerStats } from "../../rpc/connecting/connection_stats.ts";
import type { ServeOptions } from "../server/server_options.ts";

/** Those settings of a server that can be sent to a worker: they are data. */
export type WorkerSettings = Omit<
  ServeOptions,
  "audit" | "auth" | "clock" | "interceptors" | "logger" | "meter" | "random" | "signal" | "tracer"
>;

/** The instructions of a worker. */
export interface ServeMessage {
  /** The kind of message. */
  readonly kind: "serve";
  /** The worker's number. */
  readonly worker: number;
  /** Where it listens. */
  readonly address: string;
  /** Whether others listen there too. */
  readonly sharePort: boolean;
  /** The option `data`. */
  readonly data: unknown;
  /** Its server's settings, which are checked. */
  readonly settings: WorkerSettings;
}

/** Stops a worker. */
export interface StopMessage {
  /** The kind of message. */
  readonly kind: "stop";
  /** How long running calls may take to finish, in milliseconds. */
  readonly graceMs: number;
}

/** A message to a worker. */
export type MessageToWorker = ServeMessage | { readonly kind: "ask" } | StopMessage;

/** A message from a worker. */
export type MessageFromWorker =
  | { readonly kind: "here" | "stopped" }
  | { readonly kind: "serving"; readonly address: string }
  | { readonly kind: "failed"; readonly code: ErrorCode; readonly message: string }
  | { readonly kind: "told"; readonly stats: ServerStats | null };

/**
 * Checks a message from a worker.
 *
 * @param said Any message.
 * @returns The same, or `null` if it is none of these.
 */
export function fromWorker(said: unknown): MessageFromWorker | null {
  if (!isRecord(said)) return null;
  const { kind, address, code, message, stats } = said;
  const isOne = kind === "here" || kind === "stopped" ||
    kind === "serving" && typeof address === "string" ||
    kind === "failed" && typeof code === "string" && typeof message === "string" ||
    kind === "told" && (stats === null || isRecord(stats));
  return isOne ? said as MessageFromWorker : null;
}

/**
 * Checks a message to this worker.
 *
 * @param said Any message.
 * @returns The same, or `null` if it is none of these.
 */
export function toWorker(said: unknown): MessageToWorker | null {
  if (!isRecord(said)) return null;
  const { kind, worker, address, sharePort, settings, graceMs } = said;
  const isOne = kind === "ask" || kind === "stop" && typeof graceMs === "number" ||
    kind === "serve" && typeof worker === "number" && typeof address === "string" &&
      typeof sharePort === "boolean" && isRecord(settings);
  return isOne ? said as MessageToWorker : null;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

/**
 * The name of a worker, in logs and for its clients.
 *
 * @param server The server's name, or where it listens.
 * @param number The worker's number.
 * @returns Both.
 */
export function workerName(server: string, number: number): string {
  return `${server} (worker ${number})`;
}
