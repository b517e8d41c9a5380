/**
 * The methods of a server.
 *
 * @module
 */

import { plainText } from "../../foreign/plain_text.ts";
import { raw } from "../../codec/values/raw.ts";
import type { AnyContract, SingleContract, StreamContract } from "../../rpc/contract/contract.ts";
import type {
  HandleOptions,
  SingleHandlerFunction,
  StreamHandlerFunction,
} from "../../rpc/contract/handler.ts";
import { type AnyHandler, HandlerTable } from "../../rpc/serving/handler_table.ts";
import type { CallSource } from "../../rpc/serving/call_source.ts";
import type { Serving } from "../../rpc/serving/serving.ts";
import type { RegisteredHandler } from "../../rpc/inspection/inspection.ts";
import { registeredHandlers } from "../../rpc/inspection/registered_handlers.ts";
import { targetIn } from "../../rpc/serving/unknown_target.ts";
import type { HandlerTarget } from "../../session/calls/handler_target.ts";
import { makeMethodKey, MethodKey } from "../service/method_key.ts";
import { optionsOf } from "../../foreign/option_checks.ts";
import { shown } from "../../foreign/text_of.ts";
import { invalidArgument } from "../../errors.ts";

/** How a method is served. */
export type MethodOptions = Omit<HandleOptions, "subroutes">;

/** Internal access to a map's handlers. */
let tableOf: (handlers: HandlerMap) => HandlerTable;

/** The handlers of a map, for who looks at them. */
export function handlersOf(handlers: HandlerMap): RegisteredHandler[] {
  return registeredHandlers(tableOf(handlers));
}

/**
 * Handlers by component and method, for `serve` and `listen`. One map may serve
 * any number of connections and servers, and handlers may be added at any time;
 * its limits on concurrency apply to all of them together.
 *
 * @example
 * ```ts
 * import { HandlerMap, makeMethodKey } from "@internode/grid/call";
 * import { single } from "@internode/grid";
 * import * as t from "@internode/grid/codec";
 *
 * const store = new Map<string, Uint8Array>();
 * const size = single("cache.size", { response: t.uint() });
 * const handlers = new HandlerMap()
 *   .set("cache", "get", (key) => store.get(key.toHex()) ?? new Uint8Array())
 *   .set("cache", "clear", () => (store.clear(), new Uint8Array()), { concurrency: 1 })
 *   .add(makeMethodKey("cache", "size"), size, () => store.size);
 * if (!handlers.has(makeMethodKey("cache", "size"))) throw new Error("it was added");
 * ```
 */
export class HandlerMap {
  readonly #table = new HandlerTable();
  readonly #keys = new Set<string>();

  /**
   * Serves a method with bytes in and bytes out.
   *
   * @param component The component, such as the service's name: 1 to 255 bytes of UTF-8.
   * @param method Its method: 1 to 255 bytes of UTF-8.
   * @param handler Gets the bytes, which it may keep, and the call's context. What it throws reaches the caller as `HandlerFailed`.
   * @param options How many of its calls may run and wait at a time, and who may make them.
   * @returns This map.
   * @throws {InternodeError} `InvalidArgument` for an invalid name, one that already has a handler, or an option out of range.
   */
  set(
    component: string,
    method: string,
    handler: SingleHandlerFunction<Uint8Array, Uint8Array>,
    options?: MethodOptions,
  ): this {
    const key = makeMethodKey(component, method);
    const contract: SingleContract = {
      kind: "single",
      name: key.name,
      request: raw(),
      response: raw(),
      detail: undefined,
    };
    return this.add(key, contract, handler, options);
  }

  /**
   * Serves a method with typed values.
   *
   * @param key The method.
   * @param contract The codecs; its name is for messages, logs and traces.
   * @param handler Serves the calls.
   * @param options How many of its calls may run and wait at a time, and who may make them.
   * @returns This map.
   * @throws {InternodeError} `InvalidArgument` for a method that has a handler already or an option out of range.
   */
  add<Request, Response>(
    key: MethodKey,
    contract: SingleContract<Request, Response>,
    handler: SingleHandlerFunction<Request, Response>,
    options?: MethodOptions,
  ): this;
  /**
   * Serves a method with many messages.
   *
   * @param key The method.
   * @param contract The codecs; its name is for messages, logs and traces.
   * @param handler Serves the streams.
   * @param options How many of its streams may run and wait at a time, and who may open them.
   * @returns This map.
   * @throws {InternodeError} `InvalidArgument` for a method that has a handler already or an option out of range.
   */
  add<Initial, Input, Output>(
    key: MethodKey,
    contract: StreamContract<Initial, Input, Output>,
    handler: StreamHandlerFunction<Initial, Input, Output>,
    options?: MethodOptions,
  ): this;
  add(key: MethodKey, contract: AnyContract, handler: unknown, options: MethodOptions = {}): this {
    // A method has none, also where they are given past the types.
    const { subroutes: _, ...others } = optionsOf("a handler", options as HandleOptions);
    if (!(key instanceof MethodKey) || key.wireName !== key.hex) {
      throw invalidArgument(`The key of a method must come from makeMethodKey, not ${shown(key)}.`);
    }
    this.#table.add(contract, handler as AnyHandler, others, key.hex);
    this.#keys.add(key.hex);
    return this;
  }

  /**
   * Whether a method has a handler.
   *
   * @param key The method.
   */
  has(key: MethodKey): boolean {
    return this.#keys.has(key.hex);
  }

  static {
    tableOf = (handlers) => handlers.#table;
  }
}

/**
 * Makes the target for the calls of one connection for one method.
 *
 * @param handlers Where the handler is.
 * @param hex The method's fingerprint.
 * @param subroute Always empty; any other is no method.
 * @param serving What handlers need of their server.
 * @param source The connection.
 * @returns The target; for an unknown method, one that refuses each call.
 */
export function methodTarget(
  handlers: HandlerMap,
  hex: string,
  subroute: string,
  serving: Serving,
  source: CallSource,
): HandlerTarget {
  // The wire knows only the fingerprint: the caller says which method was meant.
  const message = `This server has no such method (key ${plainText(hex)}). Serve it there, ` +
    "or correct the names of component and method: both sides must use the same.";
  return targetIn(tableOf(handlers), { name: hex, subroute, message }, serving, source);
}
