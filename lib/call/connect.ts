/**
 * Connects to a service.
 *
 * @module
 */

import { checkSignal, leaveSignal, listenTo, reasonOf, throwIfAborted } from "../foreign/signal.ts";
import { InternodeError } from "../errors.ts";
import { interceptCalls } from "../rpc/interceptors/intercept_calls.ts";
import { ClientCore } from "./client/client_core.ts";
import { type ClientOptions, resolveClientOptions } from "./service/client_options.ts";
import type { Resolver } from "../discovery/resolver/resolver.ts";
import { ResolverWatch } from "../discovery/resolver/resolver_watch.ts";
import { ServiceConnection } from "./service_connection.ts";
import { optionsOf, withMethods } from "../foreign/option_checks.ts";

/**
 * Makes a client of a service: asks the resolver, and connects to each replica
 * it lists. Does not wait for the connections: calls do, each until its
 * deadline.
 *
 * @param resolver Lists the replicas, and what becomes of them. One resolver may serve several clients.
 * @param options The settings.
 * @returns The client, once the resolver has spoken for the first time, or has failed and will be asked again.
 * @throws The signal's reason when it aborts.
 * @throws {InternodeError} `InvalidArgument` for an option that makes no sense; `Unreachable` for a constant resolver without endpoints. What a constant resolver rejects with.
 *
 * @example
 * ```ts
 * import { client, connect, constantResolver, implement, listen, memory, method, serve, service } from "@internode/grid/call";
 * import * as t from "@internode/grid/codec";
 * import { assertEquals } from "@std/assert";
 *
 * const Greeter = service("greeter", {
 *   greet: method({ request: t.string(), response: t.string(), idempotent: true }),
 * });
 *
 * const listener = await listen("memory://greeter-1", implement(Greeter, {
 *   greet: (name) => `Hello, ${name}!`,
 * }));
 * await using _server = serve(listener);
 *
 * await using connection = await connect(constantResolver(memory("greeter-1")));
 * const greeter = client(Greeter, connection);
 * assertEquals(await greeter.greet("Ada"), "Hello, Ada!");
 * ```
 */
export async function connect(
  resolver: Resolver,
  options: ClientOptions = {},
): Promise<ServiceConnection> {
  checkSignal(optionsOf("connect", options).signal);
  withMethods("resolver", resolver, "resolve");
  const core = new ClientCore(resolveClientOptions(options));
  const { clock, random, reconnect, logger } = core.options;
  let listed = 0;
  const watch = new ResolverWatch(resolver, {
    clock,
    random,
    backOff: reconnect,
    logger,
    onEndpoints: (endpoints) => {
      listed = endpoints.length;
      core.replicas.update(endpoints);
    },
  });
  const connection = new ServiceConnection(core, watch), { chain } = core;
  if (chain !== null) {
    const { defaultTimeoutMs } = core.options;
    interceptCalls(connection, chain, "", defaultTimeoutMs, (method) => method.contract);
  }
  const { signal } = options;
  const onAbort = (): void => watch.close(reasonOf(signal));
  try {
    throwIfAborted(signal);
    listenTo(signal, onAbort, (thrown) => watch.close(thrown));
    await watch.start();
    if (resolver.isConstant && listed === 0) {
      throw new InternodeError(
        "Unreachable",
        "The constant resolver has no endpoints, so no call could be made. Give it at least one.",
        { origin: "caller" },
      );
    }
    throwIfAborted(signal);
  } catch (error) {
    await connection.close({ graceMs: 0 });
    throw error;
  } finally {
    leaveSignal(signal, onAbort);
  }
  return connection;
}
