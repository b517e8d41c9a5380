/**
 * Serves within a worker.
 *
 * @module
 */

import { type InternodeError, invalidArgument } from "../../errors.ts";
import { isOwnError } from "../../foreign/own_error.ts";
import { tell } from "../../foreign/guard.ts";
import { about, type EventLogger, type LogFields } from "../../foreign/log_event.ts";
import { func } from "../../foreign/option_checks.ts";
import { sentence, textOf } from "../../foreign/text_of.ts";
import { promiseOf } from "../../foreign/thenable.ts";
import { loggerOf } from "../../rpc/contract/logger.ts";
import { abort, guardedController } from "../../runtime/abort.ts";
import { systemClock } from "../../runtime/system_clock.ts";
import { within } from "../../runtime/within.ts";
import type { Channel } from "../../transport/channel/transport.ts";
import { parentThread } from "../../runtime/worker_thread.ts";
import type { ServedClient } from "../../rpc/serving/served_connection.ts";
import type { HandlerMap } from "../server/handler_map.ts";
import { listen, type ServiceListenOptions } from "../server/listen.ts";
import { serve } from "../server/serve.ts";
import type { ServeOptions } from "../server/server_options.ts";
import type { Server } from "../../rpc/connecting/server.ts";
import {
  type MessageFromWorker,
  type ServeMessage,
  toWorker,
  workerName,
} from "./worker_message.ts";

/** The handlers of a worker, and settings that cannot be sent from `serveWorkers`. */
export interface WorkerService
  extends
    Omit<ServiceListenOptions, "sharePort">,
    Pick<ServeOptions, "auth" | "interceptors" | "meter" | "tracer"> {
  /** The handlers of all connections, or a function that chooses those of a connection; if it throws, the connection is closed. */
  readonly handlers: HandlerMap | ((channel: Channel) => HandlerMap);
  /** Called with the worker's server once it serves, such as to register `admin` or to count for `prometheus`. What it throws fails the worker, as failures of `service` do. Default: none. */
  readonly onStarted?: ((server: Server<ServedClient>) => void) | undefined;
  /** Called when the server has stopped and all its calls have ended, such as to close a database; it has 2 seconds, then the worker is terminated. Default: none. */
  readonly onStopped?: (() => void | Promise<void>) | undefined;
}

/**
 * The context of a worker.
 *
 * @typeParam Data The option `data` of `serveWorkers`.
 */
export interface ThisWorker<Data> {
  /** Its number, from 1. A worker that replaces another has the same number. */
  readonly number: number;
  /** A copy of the option `data` of `serveWorkers`. */
  readonly data: Data;
  /** Aborts when the worker must stop. */
  readonly signal: AbortSignal;
}

/** How long `onStopped` may take, in milliseconds. */
const STOPPED_MS = 2_000;

/** A thread has one server. */
let hasBegun = false;

/**
 * Serves in a worker that `serveWorkers` has started: call it once, in the
 * module that was passed. `serveWorkers` sets the address and all settings that
 * are data. Settings that cannot be sent to a worker belong here: handlers,
 * authentication, certificates, the logger.
 *
 * Failures of `service` and of listening are sent to `serveWorkers`, which
 * rejects with them or, later on, logs them and starts another worker.
 *
 * @param service What to serve, or a function that makes it from the worker's context.
 * @returns Resolves when the worker is done; it is then terminated.
 * @throws {InternodeError} `InvalidArgument` outside such a worker, or on the second call.
 *
 * @example The module of the workers
 * ```ts ignore
 * import { implement } from "@internode/grid/call";
 * import { serveWorker } from "@internode/grid/workers";
 * import { sharedSecret } from "@internode/grid";
 * import { Thumbnails } from "./contracts.ts";
 * import { shrink } from "./shrink.ts";
 *
 * await serveWorker<{ secret: string }>(({ data }) => ({
 *   handlers: implement(Thumbnails, { make: ({ image, width }) => shrink(image, width) }),
 *   auth: sharedSecret(data.secret),
 * }));
 * ```
 */
export async function serveWorker<Data = unknown>(
  service: WorkerService | ((worker: ThisWorker<Data>) => WorkerService | Promise<WorkerService>),
): Promise<void> {
  const parent = parentThread();
  if (parent === null || hasBegun) {
    throw invalidArgument(
      parent === null
        ? "serveWorker must be called in a worker: call it in the module that you give serveWorkers."
        : "serveWorker was called already: a worker has one server. Add all handlers to one HandlerMap.",
    );
  }
  hasBegun = true;
  const send = (message: MessageFromWorker): void => parent.send(message);
  const stop = guardedController(loggerOf(undefined), "a worker");
  const order = Promise.withResolvers<ServeMessage>();
  let server: Server | null = null;
  parent.listen((said) => {
    const message = toWorker(said);
    if (message?.kind === "serve") order.resolve(message);
    else if (message?.kind === "stop") {
      void server?.close({ graceMs: message.graceMs });
      abort(stop, undefined);
    } else if (message !== null) send({ kind: "told", stats: server?.stats() ?? null });
  });
  send({ kind: "here" });
  try {
    const given = await order.promise;
    const { worker: number, data } = given;
    const made = typeof service !== "function"
      ? service
      : await service({ number, data: data as Data, signal: stop.signal });
    await run(made, given, stop.signal, (serving) => {
      server = serving;
      send({ kind: "serving", address: serving.address });
    });
    send({ kind: "stopped" });
  } catch (error) {
    const code = isOwnError(error) ? error.code : "InvalidArgument";
    send({ kind: "failed", code, message: textOf(error) });
  }
}

async function run(
  service: WorkerService,
  given: ServeMessage,
  signal: AbortSignal,
  onServing: (server: Server) => void,
): Promise<void> {
  const { handlers, auth, interceptors, meter, tracer, onStarted, onStopped, ...listening } =
    service;
  const logger = loggerOf(service.logger), { address, sharePort, settings, worker } = given;
  let failure: { readonly error: unknown } | null = null;
  try {
    const { audit } = listening;
    const listener = await listen(address, handlers, { ...listening, logger, sharePort });
    const name = workerName(settings.name ?? listener.address, worker);
    const server = serve(listener, {
      ...settings,
      name,
      audit,
      auth,
      meter,
      tracer,
      interceptors,
      logger,
      signal,
    });
    if (onStarted !== undefined) await tellStarted(onStarted, server, logger);
    onServing(server);
    await server.finished;
  } catch (error) {
    failure = { error };
  }
  const trouble = await stoppedTrouble(onStopped);
  if (failure === null && trouble !== null) throw trouble;
  if (failure === null) return;
  if (trouble !== null) {
    const fields = { event: "callback_failed", what: "onStopped", error: trouble.cause } as const;
    logger.error(trouble.message, fields satisfies LogFields);
  }
  // The first failure counts, whatever follows.
  throw failure.error;
}

/** Calls a user's `onStarted`; the server ends with what it throws. What a promise of it is rejected with is logged. */
async function tellStarted(
  onStarted: NonNullable<WorkerService["onStarted"]>,
  server: Server<ServedClient>,
  logger: EventLogger,
): Promise<void> {
  let said: unknown;
  try {
    said = func("onStarted", onStarted)(server);
  } catch (error) {
    await server.close({ graceMs: 0 });
    throw error;
  }
  tell(() => said, (error) => {
    const message = `onStarted of the worker has failed: ${sentence(textOf(error))}`;
    logger.error(message, { event: "callback_failed", what: "onStarted", ...about(error) });
  });
}

/** Calls a user's `onStopped`; `null`: all went well. Whoever hangs is not waited for longer than the docs say. */
async function stoppedTrouble(
  onStopped: WorkerService["onStopped"],
): Promise<InternodeError | null> {
  const why = (what: string, cause?: unknown): InternodeError =>
    invalidArgument(`onStopped of the worker ${what}`, { cause });
  const stopped = promiseOf<void>(() => onStopped?.()).then(
    () => null,
    (error) => why(`has failed: ${sentence(textOf(error))}`, error),
  );
  let trouble: InternodeError | null = why(`has not ended within ${STOPPED_MS} ms.`);
  await within(systemClock, STOPPED_MS, stopped.then((given) => trouble = given));
  return trouble;
}
