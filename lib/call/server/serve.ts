/**
 * Serving a service's methods.
 *
 * @module
 */

import { checkSignal, hasAborted, leaveSignal, listenTo } from "../../foreign/signal.ts";
import { invalidArgument } from "../../errors.ts";
import { tell } from "../../foreign/guard.ts";
import { subscribe } from "../../foreign/subscription.ts";
import { sentence, textOf } from "../../foreign/text_of.ts";
import { openEntrance } from "../../rpc/proof/entrance.ts";
import type { Authorize } from "../../transport/channel/admission.ts";
import { closeQuietly } from "../../transport/channel/close_quietly.ts";
import type { DoorPlace } from "../../transport/channel/door.ts";
import type { Channel } from "../../transport/channel/transport.ts";
import { HandlerMap } from "./handler_map.ts";
import { resolveServeOptions, type ServeOptions } from "./server_options.ts";
import type { AcceptedConnection, ServiceListener } from "./service_listener.ts";
import { ServiceServer } from "./service_server.ts";
import { type PlacedConnection, TransportListener } from "./transport_listener.ts";

/**
 * Serves all connections of a listener, until the signal aborts. Whatever
 * happens, the listener is closed in the end. What a client does, or fails to
 * do, ends at most its own connection; a failed handshake is logged.
 *
 * When the signal aborts, the listener is closed and clients are asked to send
 * new calls elsewhere; those that come all the same are answered `Closed` with
 * outcome `notExecuted`, as are calls that wait for `concurrency`. The signals
 * of running handlers abort, `closing` and `signal`; a handler that then throws its signal's reason
 * has its call answered `Closed` with outcome `maybeExecuted`, so that the
 * caller of an idempotent method turns to another replica. A connection is
 * closed as soon as all answers have arrived and its client knows that no
 * others are taken; after `graceMs` so are all that are left, and a warning
 * counts what was given up. All of that takes at most `graceMs` and 2 seconds.
 *
 * @param listener Where connections come from; closed at the end, and not to be used otherwise.
 * @param options The signal and the settings.
 * @returns Resolves when the signal has aborted, everything has ended, and nothing is open any more: the process may exit. Rejects with the listener's error when it fails or is closed by somebody else, after everything has ended.
 * @throws {InternodeError} `InvalidArgument` for an option out of range, and for a listener that other machines reach when nobody asks them for proof, see `ServeOptions.allowUnauthenticated`.
 *
 * @example
 * ```ts
 * import { HandlerMap, listen, serve, type ServiceListener } from "@internode/grid/call";
 *
 * const handlers = new HandlerMap().set("echo", "say", (bytes) => bytes);
 * const listener: ServiceListener = await listen("tcp://127.0.0.1:0", handlers);
 * const stop = new AbortController();
 * const serving = serve(listener, { signal: stop.signal });
 * // … clients connect to listener.address …
 * stop.abort();
 * await serving;
 * ```
 */
export function serve(listener: ServiceListener, options: ServeOptions = {}): Promise<void> {
  return serveWith(listener, options, () => {});
}

/**
 * As {@linkcode serve}.
 *
 * @param listener Where connections come from.
 * @param options The signal and the settings.
 * @param onServing Called once, when nothing is wrong with either, with the server.
 */
export async function serveWith(
  listener: ServiceListener,
  options: ServeOptions,
  onServing: (server: ServiceServer) => void,
): Promise<void> {
  const { signal } = options;
  let server: ServiceServer;
  try {
    checkSignal(signal);
    const settings = resolveServeOptions(options, listener.address);
    const exposed = openEntrance(
      listener.address,
      { ...settings, guarded: listener.guarded === true },
      "listen with mtlsTransports (mutual TLS)",
    );
    if (exposed !== null) throw exposed;
    server = new ServiceServer(settings, ours(listener)?.door);
  } catch (error) {
    await closeListener(listener);
    throw error;
  }
  tellJudge(listener, server);
  onServing(server);
  let failure: { readonly error: unknown } | null = null;
  const unwatch = subscribe(
    () => listener.onChange?.(() => server.onChange()),
    (error) =>
      server.settings.logger.warn(
        `onChange of the listener at ${listener.address} has failed: ${sentence(textOf(error))}`,
        { event: "callback_failed", what: "onChange", local: listener.address, error },
      ),
  );
  try {
    if (!hasAborted(signal)) await acceptFrom(listener, server, signal);
  } catch (error) {
    failure = { error };
  }
  unwatch();
  await server.stop(closeListener(listener, server));
  if (failure !== null) throw failure.error;
}

/**
 * Serves one connection that the user made, such as one end of a transport of
 * one's own. Stopping by the signal goes as with {@linkcode serve}.
 *
 * @param channel The connection, owned by the server from now on.
 * @param handlers Serves its calls.
 * @param options The signal and the settings.
 * @returns Resolves when the connection has ended, whichever side ended it or failed to shake hands, and its handlers too, for which they have `graceMs`.
 * @throws {InternodeError} `InvalidArgument` for an option out of range; the connection is closed then.
 */
export async function serveOn(
  channel: Channel,
  handlers: HandlerMap,
  options: ServeOptions = {},
): Promise<void> {
  const { signal } = options;
  let server: ServiceServer;
  try {
    checkSignal(signal);
    server = new ServiceServer(resolveServeOptions(options, "server"));
    if (!hasAborted(signal)) server.take(channel, handlers);
    else closeQuietly(channel);
  } catch (error) {
    closeQuietly(channel);
    throw error;
  }
  const aborted = Promise.withResolvers<void>();
  const onAbort = (): void => aborted.resolve();
  listenTo(signal, onAbort, onAbort);
  await Promise.race([server.whenEmpty(), aborted.promise]);
  leaveSignal(signal, onAbort);
  await server.stop(Promise.resolve());
}

/** Takes connections until the signal aborts; rejects when there will be no more. */
function acceptFrom(
  listener: ServiceListener,
  server: ServiceServer,
  signal: AbortSignal | undefined,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let isOver = false;
    const end = (settle: () => void): void => {
      if (isOver) return;
      isOver = true;
      leaveSignal(signal, onAbort);
      settle();
    };
    const onAbort = (): void => end(resolve);
    listenTo(signal, onAbort, (thrown) => end(() => reject(thrown)));
    const accept = (): void => {
      nextOf(listener).then((accepted) => {
        take(accepted, placeOf(listener, accepted), isOver ? null : server);
        if (!isOver) accept();
      }, (error) => end(() => reject(error)));
    };
    accept();
  });
}

/** What a listener of the user's own throws is a rejection too. */
async function nextOf(listener: ServiceListener): Promise<AcceptedConnection> {
  return await (ours(listener)?.next() ?? listener.accept());
}

/** The place that a connection of such a listener has. */
function placeOf(
  listener: ServiceListener,
  accepted: AcceptedConnection,
): DoorPlace | undefined {
  return ours(listener) === null ? undefined : (accepted as PlacedConnection).place;
}

/** A listener of this library, whose connections bring their places along. */
function ours(listener: ServiceListener): TransportListener | null {
  return listener instanceof TransportListener ? listener : null;
}

/** Serves a connection, or closes it when there is no server any more. One that cannot be served harms no other. */
function take(
  accepted: AcceptedConnection,
  place: DoorPlace | undefined,
  server: ServiceServer | null,
): void {
  try {
    const { channel, handlers, name } = accepted;
    if (server === null) {
      place?.leave();
      return closeQuietly(channel);
    }
    if (!(handlers instanceof HandlerMap)) {
      throw invalidArgument("it came without a HandlerMap to serve it");
    }
    server.take(channel, handlers, name, place);
  } catch (error) {
    place?.leave();
    tell(() => (accepted as AcceptedConnection | undefined)?.handlers, () => {});
    closeQuietly(accepted?.channel);
    const name = server?.settings.name;
    server?.visitors.onUnserved(`A connection to ${name} cannot be served`, error);
  }
}

/** A listener of the user's own may fail in it; who is let in then has to prove the secret all the same. */
function tellJudge(listener: ServiceListener, server: ServiceServer): void {
  const { auth, logger } = server.settings;
  const judge: Authorize | null = auth === null
    ? null
    : (token, identity, remote) => server.authorize(token, { identity, remote });
  tell(() => listener.judgeTokens?.(judge), (error) =>
    logger.warn(
      `judgeTokens of the listener at ${listener.address} has failed: ${sentence(textOf(error))}`,
      { event: "callback_failed", what: "judgeTokens", local: listener.address, error },
    ));
}

async function closeListener(listener: ServiceListener, server?: ServiceServer): Promise<void> {
  try {
    await listener.close();
  } catch (error) {
    server?.settings.logger.warn(
      `The listener at ${listener.address} could not be closed well: ${sentence(textOf(error))}`,
      { event: "listener_failed", local: listener.address, reason: textOf(error), error },
    );
  }
}
