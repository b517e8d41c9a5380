/**
 * Serves a service's methods.
 *
 * @module
 */

import { checkSignal, hasAborted } from "../../foreign/signal.ts";
import { invalidArgument } from "../../errors.ts";
import { tell } from "../../foreign/guard.ts";
import { subscribe } from "../../foreign/subscription.ts";
import { sentence, textOf } from "../../foreign/text_of.ts";
import type { Server } from "../../rpc/connecting/server.ts";
import { exposedListenerError } from "../../rpc/proof/acceptor_policy.ts";
import { isExposed } from "../../runtime/loopback.ts";
import type { Authorize } from "../../transport/channel/authorization.ts";
import { closeQuietly } from "../../transport/channel/close_quietly.ts";
import type { HandshakeSlot } from "../../transport/channel/handshake_limiter.ts";
import type { Channel } from "../../transport/channel/transport.ts";
import { HandlerMap } from "./handler_map.ts";
import { resolveServeOptions, type ServeOptions } from "./server_options.ts";
import type { AcceptedConnection, ServiceListener } from "./service_listener.ts";
import { RunningServer } from "./running_server.ts";
import type { ServedClient } from "../../rpc/serving/served_connection.ts";
import { ServiceServer } from "./service_server.ts";
import { type SlottedConnection, TransportListener } from "./transport_listener.ts";
import { optionsOf, withMethods } from "../../foreign/option_checks.ts";

/**
 * Serves all connections of a listener, until the server is closed: by its
 * `close`, at the end of a block by `await using`, or by the signal. The
 * listener is always closed in the end. A client can end at most its own
 * connection; a failed handshake is logged.
 *
 * When the server is closed, the listener is closed and clients are asked to
 * send new calls elsewhere; calls that still come are answered `Closed` with
 * outcome `notExecuted`, like calls that wait for `concurrency`. The signals of
 * running handlers, `closing` and `signal`, abort; if a handler then throws its
 * signal's reason, its call is answered `Closed` with outcome `maybeExecuted`,
 * so that an idempotent call is tried at another replica. A connection is
 * closed as soon as all answers have arrived and its client knows that no
 * others are taken; after `graceMs` so are all that are left, and a warning
 * counts what was given up. All of that takes at most `graceMs` and 2 seconds.
 *
 * @param listener Where connections come from; closed at the end, and not to be used otherwise.
 * @param options The signal and the settings.
 * @returns The running server. Its `finished` resolves when nothing is open any more: the process may exit. It rejects with the listener's error when that fails or is closed by somebody else, after everything has ended.
 * @throws {InternodeError} `InvalidArgument` for an option out of range, and for a listener that other machines reach when nobody asks them for proof, see `ServeOptions.allowUnauthenticated`.
 *
 * @example
 * ```ts
 * import { connect, constantResolver, HandlerMap, listen, makeMethodKey, memory, serve } from "@internode/grid/call";
 *
 * const handlers = new HandlerMap().set("echo", "say", (bytes) => bytes);
 * await using server = serve(await listen("memory://echo-1", handlers));
 *
 * await using client = await connect(constantResolver(memory("echo-1")));
 * await client.call(makeMethodKey("echo", "say"), new Uint8Array([1]));
 * if (server.stats().answeredCalls.OK !== 1) throw new Error("it was answered");
 * // A server that goes on until its process is to end:
 * // Deno.addSignalListener("SIGTERM", () => server.close());
 * // await server.finished;
 * ```
 */
export function serve(
  listener: ServiceListener,
  options: ServeOptions = {},
): Server<ServedClient> {
  withMethods("listener", listener, "accept", "close");
  let server: ServiceServer;
  try {
    checkSignal(optionsOf("serve", options).signal);
    const settings = resolveServeOptions(options, listener.address);
    const exposed = exposedListenerError(
      listener.address,
      { ...settings, guarded: listener.guarded === true },
      "listen with mtlsTransports (mutual TLS)",
    );
    if (exposed !== null) throw exposed;
    server = new ServiceServer(settings, ours(listener)?.limiter);
    server.handlers = ours(listener)?.handlers ?? null;
  } catch (error) {
    void closeListener(listener);
    throw error;
  }
  tellJudge(listener, server);
  const unwatch = subscribe(
    () => listener.onChange?.(() => server.onChange()),
    (error) =>
      server.settings.logger.warn(
        `onChange of the listener at ${listener.address} failed: ${sentence(textOf(error))}`,
        { event: "callback_failed", what: "onChange", local: listener.address, error },
      ),
  );
  const { address } = listener;
  const reach = { address, isExposed: ours(listener)?.mutualTls !== true && isExposed(address) };
  return new RunningServer(server, reach, options.signal, {
    run: (isOver) => acceptFrom(listener, server, isOver),
    close: () => {
      unwatch();
      return closeListener(listener, server);
    },
  }, listener);
}

/**
 * Serves one connection that the user made, such as one end of a custom
 * transport. It ends when the connection has ended, or its handshake has
 * failed, and its handlers have ended, for which they have `graceMs`; stopping
 * works as with {@linkcode serve}.
 *
 * @param channel The connection, owned by the server from now on.
 * @param handlers The handlers of its calls.
 * @param options The signal and the settings.
 * @returns The running server.
 * @throws {InternodeError} `InvalidArgument` for an option out of range; the connection is closed then. What the channel throws.
 */
export function serveOn(
  channel: Channel,
  handlers: HandlerMap,
  options: ServeOptions = {},
): Server<ServedClient> {
  let server: ServiceServer;
  try {
    const { signal } = optionsOf("serveOn", options);
    checkSignal(signal);
    server = new ServiceServer(resolveServeOptions(options, "server"));
    server.handlers = handlers;
    if (!hasAborted(signal)) server.take(channel, handlers);
    else closeQuietly(channel);
  } catch (error) {
    closeQuietly(channel);
    throw error;
  }
  const { remote: address, identity } = channel;
  const reach = { address, isExposed: identity === undefined && isExposed(address) };
  return new RunningServer(server, reach, options.signal, {
    run: () => server.whenEmpty(),
    close: () => Promise.resolve(),
  });
}

/** Accepts connections; rejects when there will be no more. */
async function acceptFrom(
  listener: ServiceListener,
  server: ServiceServer,
  isOver: () => boolean,
): Promise<void> {
  while (!isOver()) {
    const accepted = await nextOf(listener);
    take(accepted, placeOf(listener, accepted), isOver() ? null : server);
  }
}

/** Turns what a user's listener throws into a rejection. */
async function nextOf(listener: ServiceListener): Promise<AcceptedConnection> {
  return await (ours(listener)?.next() ?? listener.accept());
}

/** The handshake slot of a connection of such a listener. */
function placeOf(
  listener: ServiceListener,
  accepted: AcceptedConnection,
): HandshakeSlot | undefined {
  return ours(listener) === null ? undefined : (accepted as SlottedConnection).slot;
}

/** A listener of this library, whose connections come with their slots. */
function ours(listener: ServiceListener): TransportListener | null {
  return listener instanceof TransportListener ? listener : null;
}

/** Serves a connection, or closes it if the server has ended. A failure affects only this connection. */
function take(
  accepted: AcceptedConnection,
  slot: HandshakeSlot | undefined,
  server: ServiceServer | null,
): void {
  try {
    const { channel, handlers, name } = accepted;
    if (server === null) {
      slot?.release();
      return closeQuietly(channel);
    }
    if (!(handlers instanceof HandlerMap)) {
      throw invalidArgument("the listener gave no HandlerMap for it");
    }
    server.take(channel, handlers, name, slot);
  } catch (error) {
    slot?.release();
    tell(() => (accepted as AcceptedConnection | undefined)?.handlers, () => {});
    closeQuietly(accepted?.channel);
    const name = server?.settings.name;
    server?.log.onUnserved(`A connection to ${name} cannot be served`, error);
  }
}

/** A user's listener may fail in it; connections then still have to prove the secret. */
function tellJudge(listener: ServiceListener, server: ServiceServer): void {
  const { auth, logger } = server.settings;
  const judge: Authorize | null = auth === null
    ? null
    : (token, identity, remote) => server.authorize(token, { identity, remote });
  tell(() => listener.judgeTokens?.(judge), (error) =>
    logger.warn(
      `judgeTokens of the listener at ${listener.address} failed: ${sentence(textOf(error))}`,
      { event: "callback_failed", what: "judgeTokens", local: listener.address, error },
    ));
}

async function closeListener(listener: ServiceListener, server?: ServiceServer): Promise<void> {
  try {
    await listener.close();
  } catch (error) {
    server?.settings.logger.warn(
      `The listener at ${listener.address} failed to close: ${sentence(textOf(error))}`,
      { event: "listener_failed", local: listener.address, reason: textOf(error), error },
    );
  }
}
