/**
 * What `serveWorkers` and the workers that it has started tell each other.
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
 * that is heard of the worker. A module, or what it imports, may send messages
 * of its own: whatever is none of these is passed over.
 *
 * @module
 */

import type { ErrorCode } from "../../errors.ts";
import type { ServerStats } from "../../rpc/connecting/connection_stats.ts";
import type { ServeOptions } from "../server/server_options.ts";

/** Those settings of a server that can be sent to a worker: they are data. */
export type WorkerSettings = Omit<
  ServeOptions,
  "audit" | "auth" | "clock" | "logger" | "random" | "signal" | "tracer"
>;

/** What a worker is to serve. */
export interface ServeMessage {
  /** Which message it is. */
  readonly kind: "serve";
  /** The worker's number. */
  readonly worker: number;
  /** Where it listens. */
  readonly address: string;
  /** Whether others listen there too. */
  readonly sharePort: boolean;
  /** What the user gave for it. */
  readonly data: unknown;
  /** Its server's settings; they are in order. */
  readonly settings: WorkerSettings;
}

/** That a worker is to stop. */
export interface StopMessage {
  /** Which message it is. */
  readonly kind: "stop";
  /** How long calls under way may take to finish, in milliseconds. */
  readonly graceMs: number;
}

/** What a worker hears. */
export type MessageToWorker = ServeMessage | { readonly kind: "ask" } | StopMessage;

/** What a worker says. */
export type MessageFromWorker =
  | { readonly kind: "here" | "stopped" }
  | { readonly kind: "serving"; readonly address: string }
  | { readonly kind: "failed"; readonly code: ErrorCode; readonly message: string }
  | { readonly kind: "told"; readonly stats: ServerStats | null };

/**
 * Reads what has come from a worker.
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
 * Reads what has come from who started this worker.
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
 * What a worker is called, in logs and by its clients.
 *
 * @param server The server's name, or where it listens.
 * @param number The worker's number.
 * @returns Both.
 */
export function workerName(server: string, number: number): string {
  return `${server} (worker ${number})`;
}
