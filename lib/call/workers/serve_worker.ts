/**
 * Serving within a worker.
 *
 * @module
 */

import { type InternodeError, invalidArgument } from "../../errors.ts";
import { isOwnError } from "../../foreign/own_error.ts";
import type { LogFields } from "../../foreign/log_event.ts";
import { sentence, textOf } from "../../foreign/text_of.ts";
import { promiseOf } from "../../foreign/thenable.ts";
import { loggerOf } from "../../rpc/contract/logger.ts";
import { abort, guardedController } from "../../runtime/abort.ts";
import { systemClock } from "../../runtime/system_clock.ts";
import { within } from "../../runtime/within.ts";
import type { Channel } from "../../transport/channel/transport.ts";
import { parentThread } from "../../runtime/worker_thread.ts";
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

/** What a worker serves, and those of its settings that are no data and so cannot come from `serveWorkers`. */
export interface WorkerService
  extends Omit<ServiceListenOptions, "sharePort">, Pick<ServeOptions, "auth" | "tracer"> {
  /** Serves the calls of all connections; or chooses what serves a connection, and if that throws, the connection is closed. */
  readonly handlers: HandlerMap | ((channel: Channel) => HandlerMap);
  /** Called when the server has stopped and all its calls have ended, such as to close a database; has 2 seconds, then the worker is ended. Default: nothing is done. */
  readonly onStopped?: (() => void | Promise<void>) | undefined;
}

/**
 * What a worker knows of itself.
 *
 * @typeParam Data What `serveWorkers` was given as `data`.
 */
export interface ThisWorker<Data> {
  /** Its number, from 1 on. One that takes the place of another has the same. */
  readonly number: number;
  /** What `serveWorkers` was given as `data`: a copy. */
  readonly data: Data;
  /** Aborts when the worker is to stop. */
  readonly signal: AbortSignal;
}

/** How long `onStopped` may take, in milliseconds. */
const STOPPED_MS = 2_000;

/** A thread has one server. */
let hasBegun = false;

/**
 * Serves in a worker that `serveWorkers` has started: called once, in the
 * module that it was given. Where to listen, and all settings that are data,
 * `serveWorkers` says; here is what cannot be sent to a worker: handlers, how
 * clients prove themselves, certificates, where log lines go.
 *
 * What goes wrong, in `service` and in listening, is told to `serveWorkers`,
 * which rejects with it or, later on, logs it and starts another worker.
 *
 * @param service What to serve; or what makes it, from the worker's number and the data given.
 * @returns Resolves when the worker has nothing to do any more; it is ended then.
 * @throws {InternodeError} `InvalidArgument` when this is no such worker, or has called it already.
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
  const { handlers, auth, tracer, onStopped, ...listening } = service;
  const logger = loggerOf(service.logger), { address, sharePort, settings, worker } = given;
  let failure: { readonly error: unknown } | null = null;
  try {
    const { audit } = listening;
    const listener = await listen(address, handlers, { ...listening, logger, sharePort });
    const name = workerName(settings.name ?? listener.address, worker);
    const server = serve(listener, { ...settings, name, audit, auth, tracer, logger, signal });
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
  // Why it did not serve, or serves no more, counts, whatever happens then.
  throw failure.error;
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
