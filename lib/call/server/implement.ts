/**
 * Implementations of services.
 *
 * @module
 */

import { invalidArgument } from "../../errors.ts";
import { quoted } from "../../foreign/plain_text.ts";
import type { AllowRule } from "../../rpc/contract/allow.ts";
import type { SingleHandlerFunction, StreamHandlerFunction } from "../../rpc/contract/handler.ts";
import { HandlerMap, type MethodOptions } from "./handler_map.ts";
import {
  type AnyMethod,
  type Methods,
  methodsOf,
  type Service,
  type SingleMethod,
  type StreamMethod,
} from "../service/service.ts";
import { fields, func, invalidOption, optionsOf } from "../../foreign/option_checks.ts";
import { shown } from "../../foreign/text_of.ts";

/**
 * The function that serves a method.
 *
 * @typeParam Method The method.
 */
export type MethodHandler<Method> = Method extends
  SingleMethod<infer Request, infer Response, infer _> ? SingleHandlerFunction<Request, Response>
  : Method extends StreamMethod<infer Initial, infer Input, infer Output, infer _>
    ? StreamHandlerFunction<Initial, Input, Output>
  : never;

/**
 * The functions that serve a service: an object, or an instance of a class,
 * with a method of that name for each of the service's.
 *
 * @typeParam M The service's methods.
 */
export type Implementation<M> = { readonly [K in keyof M]: MethodHandler<M[K]> };

/**
 * Options of {@linkcode implement}.
 *
 * @typeParam M The service's methods.
 */
export interface ImplementOptions<M> {
  /** The map that the handlers are added to, such as the one of another service. Default: a new map. */
  readonly into?: HandlerMap;
  /** The `allow` rule of methods without one of their own; see `HandleOptions`. Default: every client. */
  readonly allow?: AllowRule;
  /** How many calls of a method may run and wait, and who may make them. Default: no limit, and the option `allow`. */
  readonly methods?: { readonly [K in keyof M]?: MethodOptions };
}

/**
 * Serves a service: `implementation` has a method for each of the service's,
 * which is called on it, so that a class works as well as a plain object.
 *
 * @param service The service.
 * @param implementation The functions; see `SingleHandlerFunction` and `StreamHandlerFunction`.
 * @param options Limits, who may call, and the map to add to.
 * @returns The map, for `serve`.
 * @throws {InternodeError} `InvalidArgument` if a method is missing (nothing is added then), or if the map has one of them already.
 *
 * @example
 * ```ts
 * import { implement, method, service } from "@internode/grid/call";
 * import * as t from "@internode/grid/codec";
 *
 * const Counter = service("counter", {
 *   add: method({ request: t.uint(), response: t.uint() }),
 *   read: method({ request: t.nothing(), response: t.uint(), idempotent: true }),
 * });
 * class CounterServer {
 *   #count = 0;
 *   add(amount: number): number {
 *     return this.#count += amount;
 *   }
 *   read(): number {
 *     return this.#count;
 *   }
 * }
 *
 * const handlers = implement(Counter, new CounterServer(), {
 *   methods: { add: { concurrency: 4 } },
 * });
 *
 * const Clock = service("clock", {
 *   now: method({ request: t.nothing(), response: t.timestamp() }),
 * });
 * implement(Clock, { now: () => new Date() }, { into: handlers });
 * ```
 */
export function implement<M extends Methods>(
  service: Service<M>,
  implementation: Implementation<NoInfer<M>>,
  options: ImplementOptions<NoInfer<M>> = {},
): HandlerMap {
  const { into = new HandlerMap(), allow, methods } = optionsOf("implement", options);
  if (!(into instanceof HandlerMap)) {
    throw invalidOption("into", `must be a HandlerMap, not ${shown(into)}`);
  }
  if (allow !== undefined) func("allow", allow);
  const limits: Readonly<Record<string, MethodOptions | undefined>> = fields("methods", methods) ??
    {};
  fields("implementation", implementation ?? null);
  const adding: (() => void)[] = [];
  for (const [name, method] of Object.entries<AnyMethod>(methodsOf(service))) {
    const handler: unknown = implementation[name];
    if (typeof handler !== "function" || handler === Object.prototype[name as keyof object]) {
      throw invalidArgument(
        `The implementation of service ${quoted(service.name)} has no method ${quoted(name)}.`,
        { handler: method.contract.name },
      );
    }
    const bound = handler.bind(implementation);
    const given = Object.hasOwn(limits, name) ? limits[name] : undefined;
    const own = allow === undefined ? given : { allow, ...given };
    adding.push(() =>
      method.kind === "single"
        ? into.add(method.key, method.contract, bound, own)
        : into.add(method.key, method.contract, bound, own)
    );
  }
  for (const add of adding) add();
  return into;
}
