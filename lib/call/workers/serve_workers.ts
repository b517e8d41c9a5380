/**
 * Serves on more than one core.
 *
 * @module
 */

import { checkName } from "../service/own_name.ts";
import { checkSignal, leaveSignal, listenTo, throwIfAborted } from "../../foreign/signal.ts";
import { invalidArgument } from "../../errors.ts";
import { type BackOffOptions, resolveBackOff } from "../../rpc/connecting/back_off.ts";
import { invalidOption, optionsOf, positive } from "../../foreign/option_checks.ts";
import { type Logger, loggerOf } from "../../rpc/contract/logger.ts";
import { parseNetEndpoint } from "../../transport/net_endpoint.ts";
import { sharingProblem } from "../../transport/tcp/shared_port.ts";
import { systemClock } from "../../runtime/system_clock.ts";
import { systemRandom } from "../../runtime/system_random.ts";
import { sendingProblem, startThread } from "../../runtime/worker_thread.ts";
import { resolveServeOptions, type ServeOptions } from "../server/server_options.ts";
import { workerName, type WorkerSettings } from "./worker_message.ts";
import { type WorkerAddresses, WorkerServer } from "./worker_server.ts";
import type { WorkerPlan } from "./worker_slot.ts";
import { wholeNumber } from "../../foreign/option_checks.ts";
import { shown } from "../../foreign/text_of.ts";

const MAX_WORKERS = 1_024;
/** Options of `serve` that cannot be sent, and belong to `serveWorker`. */
const CODE: readonly (keyof ServeOptions)[] = [
  "audit",
  "auth",
  "clock",
  "interceptors",
  "meter",
  "random",
  "tracer",
];
/** The back-off of restarting a worker. */
const RESTART: BackOffOptions = { initialMs: 100, factor: 2, maxMs: 10_000, jitter: 0.4 };

/**
 * The options of `serveWorkers`: those settings of `serve` that are data; the
 * others belong to `serveWorker`.
 *
 * @typeParam Data The option `data`.
 */
export interface ServeWorkersOptions<Data = unknown> extends
  Omit<
    ServeOptions,
    | "audit"
    | "auth"
    | "clock"
    | "interceptors"
    | "logger"
    | "meter"
    | "random"
    | "signal"
    | "tracer"
  > {
  /** How many workers: 1 to 1,024. More workers than cores are of no use. */
  readonly workers: number;
  /**
   * Where they listen. With a string, all of them at one port, which needs
   * Deno's flag `--unstable-net` for more than one worker; with port 0 the
   * system chooses one for all. With a function, each at its own address, from
   * its number (from 1), so that each is a replica for clients.
   */
  readonly address: WorkerAddresses;
  /** Data of which each worker gets a copy, such as a secret. It must support structured cloning: no functions. Default: `undefined`. */
  readonly data?: Data | undefined;
  /** Stops the server, as `close` does. Default: none. */
  readonly signal?: AbortSignal | undefined;
  /** How long a worker may take to start, its module's loading included, in milliseconds; then it has failed. Default: 30,000. */
  readonly startTimeoutMs?: number | undefined;
  /** How long a worker may not respond, in milliseconds; it is pinged three times in that time. Then it is terminated, as soon as it returns to its event loop, and replaced. Default: 30,000. */
  readonly hangTimeoutMs?: number | undefined;
  /** The back-off of replacing failed workers; it starts over when a worker has served for twice `maxMs`. Default: from 100 ms by 2 up to 10,000 ms, less up to 40 %. */
  readonly restart?: Partial<BackOffOptions> | undefined;
  /** Logs failed workers; events within a worker go to the logger of `serveWorker`. Default: the console, quiet below warnings. */
  readonly logger?: Logger | undefined;
}

/**
 * Serves on several cores: starts workers (threads of this process, with the
 * permissions that this one has), each with a server of its own. Handlers
 * cannot be sent to a worker, so the workers have a module of their own, which
 * calls `serveWorker`. They share no memory: a worker does not see the state of
 * another.
 *
 * At a shared port the system spreads connections, not calls, at random: a
 * client with one connection uses one worker. Use several connections (option
 * `connections` of `connect`), or give each worker its own address, and the
 * clients all of them: then their balancers spread the calls.
 *
 * A worker that ends by an uncaught error, or that does not respond, is logged
 * and replaced after a back-off; its connections are lost, those of others are
 * not. One in an endless loop the runtime cannot end (Deno 2.9): it keeps its
 * core and its connections, and the system goes on to give it new ones at a
 * shared port, until the process ends.
 *
 * @typeParam Data The option `data`.
 * @param module The module that calls `serveWorker`: `new URL("./worker.ts", import.meta.url)`.
 * @param options How many workers, where they listen, and their servers' settings.
 * @returns The server, when all workers serve. Rejects with what went wrong at the first that failed to start, when nothing is left of any of them; with the signal's reason when it aborts before.
 * @throws {InternodeError} `InvalidArgument` for an option out of range, data that cannot be sent, an address that cannot be shared, and where `--unstable-net` is missing.
 *
 * @example The program that starts them
 * ```ts ignore
 * import { serveWorkers } from "@internode/grid/workers";
 *
 * const stop = new AbortController();
 * Deno.addSignalListener("SIGTERM", () => stop.abort());
 * const server = await serveWorkers(new URL("./worker.ts", import.meta.url), {
 *   workers: navigator.hardwareConcurrency,
 *   address: "tcp://10.0.0.1:9000",
 *   data: { secret: Deno.env.get("SECRET")! },
 *   signal: stop.signal,
 * });
 * console.log(`serving at ${server.addresses}`);
 * await server.finished;
 * ```
 */
export async function serveWorkers<Data = unknown>(
  module: URL | string,
  options: ServeWorkersOptions<Data>,
): Promise<WorkerServer> {
  const {
    workers,
    address,
    data,
    signal,
    startTimeoutMs,
    hangTimeoutMs,
    restart,
    logger,
    ...settings
  } = optionsOf("serveWorkers", options);
  checkWorkers(workers);
  checkSendable(data, settings);
  const { name } = settings;
  if (name !== undefined) checkName(name);
  if (typeof address !== "string" && typeof address !== "function") {
    throw invalidOption("address", `must be a text or a function, not ${shown(address)}`);
  }
  const { graceMs } = resolveServeOptions(
    { ...settings, name: name && workerName(name, workers) },
    "",
  );
  const plan: WorkerPlan = {
    module: moduleUrl(module),
    data,
    settings,
    graceMs,
    startTimeoutMs: positive("startTimeoutMs", startTimeoutMs, 30_000),
    hangTimeoutMs: positive("hangTimeoutMs", hangTimeoutMs, 30_000),
    restart: resolveBackOff("restart", RESTART, restart),
    startThread,
    clock: systemClock,
    random: systemRandom,
    logger: loggerOf(logger),
  };
  if (typeof address === "string") checkShared(address, workers);
  checkSignal(signal);
  throwIfAborted(signal);
  const server = new WorkerServer(plan, workers);
  const onAbort = (): void => void server.close();
  listenTo(signal, onAbort, onAbort);
  try {
    await server.start(address);
    throwIfAborted(signal);
  } catch (error) {
    leaveSignal(signal, onAbort);
    await server.close();
    throwIfAborted(signal);
    throw error;
  }
  server.finished.then(() => leaveSignal(signal, onAbort));
  return server;
}

function moduleUrl(module: URL | string): URL {
  const url = typeof module === "string" || module instanceof URL ? URL.parse(module) : null;
  if (url !== null) return url;
  throw invalidArgument(
    `${shown(module)} is not the URL of a module: give new URL("./worker.ts", import.meta.url).`,
  );
}

/** Objects with methods would arrive without them, which could leave a server without authentication. */
function checkSendable(data: unknown, settings: WorkerSettings): void {
  const given: Readonly<Record<string, unknown>> = { ...settings };
  for (const option of CODE) {
    if (given[option] !== undefined) {
      throw invalidOption(option, "cannot be sent to a worker: give it to serveWorker there");
    }
  }
  for (const [option, value] of Object.entries({ data, ...given })) {
    const problem = sendingProblem(value);
    if (problem === null) continue;
    const what = `must be a value that can be sent to a worker: ${problem}`;
    throw invalidOption(option, `${what}. Give the rest to serveWorker there`);
  }
}

function checkWorkers(workers: number): void {
  wholeNumber("workers", workers, 1, MAX_WORKERS);
}

/** A single worker does not share the address. */
function checkShared(address: string, workers: number): void {
  const { host } = parseNetEndpoint(address);
  const problem = workers > 1 ? sharingProblem(host) : null;
  if (problem === null) return;
  throw invalidArgument(
    `${problem.message} Or give a function as option address: address: (worker) => …`,
    { host: address },
  );
}
