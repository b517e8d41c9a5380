/**
 * Functions that call a service.
 *
 * @module
 */

import { methodsOf } from "./service/service.ts";
import type { ServiceConnection } from "./service_connection.ts";
import type { Stream } from "../rpc/calling/stream.ts";
import type { ServiceCallOptions } from "./service/service_call_options.ts";
import type { AnyMethod, Methods, Service, SingleMethod, StreamMethod } from "./service/service.ts";
import { withMethods } from "../foreign/option_checks.ts";

/**
 * A function that calls a method with one response. A request that may be
 * `undefined` can be left out.
 *
 * @typeParam Request What the handler gets.
 * @typeParam Response What it returns.
 */
export type SingleCall<Request, Response> = undefined extends Request
  ? (request?: Request, options?: ServiceCallOptions) => Promise<Response>
  : (request: Request, options?: ServiceCallOptions) => Promise<Response>;

/**
 * A function that opens a stream. An initial value that may be `undefined` can
 * be left out.
 *
 * @typeParam Initial What the handler gets with the opening.
 * @typeParam Input What this side sends; `never` for nothing.
 * @typeParam Output What the handler sends; `never` for nothing.
 */
export type StreamCall<Initial, Input, Output> = undefined extends Initial
  ? (initial?: Initial, options?: ServiceCallOptions) => Stream<Input, Output>
  : (initial: Initial, options?: ServiceCallOptions) => Stream<Input, Output>;

/**
 * The function for a method.
 *
 * @typeParam Method The method.
 */
export type MethodCall<Method> = Method extends SingleMethod<infer Request, infer Response, infer _>
  ? SingleCall<Request, Response>
  : Method extends StreamMethod<infer Initial, infer Input, infer Output, infer _>
    ? StreamCall<Initial, Input, Output>
  : never;

/**
 * A service's methods as functions that call a replica.
 *
 * @typeParam M The service's methods.
 */
export type Client<M> = { readonly [K in keyof M]: MethodCall<M[K]> };

/**
 * Makes the functions that call a service.
 *
 * @param service The service.
 * @param connection Makes the calls: a `ServiceConnection`, or a test's substitute.
 * @returns An object with a function for each method: `(request, options?) =>
 * Promise<Response>`, or `(initial, options?) => Stream<Input, Output>`. They
 * do not depend on `this`. They throw what the connection throws.
 *
 * @example
 * ```ts
 * import { client, method, service, type ServiceConnection } from "@internode/grid/call";
 * import * as t from "@internode/grid/codec";
 * import { assertEquals } from "@std/assert";
 *
 * const Cache = service("cache", {
 *   get: method({ request: t.string(), response: t.string(), idempotent: true }),
 * });
 *
 * async function greeting(connection: ServiceConnection): Promise<string> {
 *   const cache = client(Cache, connection);
 *   return await cache.get("greeting", { shardKey: "greeting", timeoutMs: 500 });
 * }
 *
 * // A test of `greeting` needs no server:
 * const fake = { request: () => Promise.resolve("hello") } as unknown as ServiceConnection;
 * assertEquals(await greeting(fake), "hello");
 * ```
 */
export function client<M extends Methods>(
  service: Service<M>,
  connection: Pick<ServiceConnection, "request" | "stream">,
): Client<M> {
  const methods = Object.entries<AnyMethod>(methodsOf(service));
  const kinds = new Set(methods.map(([, { kind }]) => kind));
  if (kinds.has("stream")) withMethods("connection", connection, "stream");
  if (kinds.has("single") || kinds.size === 0) withMethods("connection", connection, "request");
  const calls = methods.map(([name, method]) =>
    [
      name,
      method.kind === "single"
        ? (request: unknown, options?: ServiceCallOptions): Promise<unknown> =>
          connection.request(method, request, options)
        : (initial: unknown, options?: ServiceCallOptions): Stream<unknown, unknown> =>
          connection.stream(method, initial, options),
    ] as const
  );
  return Object.fromEntries(calls) as Client<M>;
}
