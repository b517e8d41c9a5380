/**
 * What a client and a server agree on: a service and its methods.
 *
 * @module
 */

import { checkDocs } from "../../codec/values/documented.ts";
import type { Codec } from "../../codec/format/codec.ts";
import { invalidArgument } from "../../errors.ts";
import { quoted } from "../../foreign/plain_text.ts";
import {
  single,
  type SingleContract,
  type SingleOptions,
  stream,
  type StreamContract,
  type StreamOptions,
} from "../../rpc/contract/contract.ts";
import { makeMethodKey, type MethodKey } from "./method_key.ts";
import { flag, optionsOf } from "../../foreign/option_checks.ts";
import { shown } from "../../foreign/text_of.ts";

/**
 * A method with one request and one response.
 *
 * @typeParam Request What the caller sends.
 * @typeParam Response What the handler returns.
 * @typeParam Detail What a `HandlerError` carries besides its message. Default: `unknown`.
 */
export interface SingleMethod<Request = Uint8Array, Response = Uint8Array, Detail = unknown> {
  /** The kind of method. */
  readonly kind: "single";
  /** Its key on the wire. */
  readonly key: MethodKey;
  /** Its codecs; named `service.method`. */
  readonly contract: SingleContract<Request, Response>;
  /** The codec of a `HandlerError`'s detail; that of the contract. */
  readonly detail?: Codec<Detail> | undefined;
  /** Whether running it twice does no harm. */
  readonly idempotent: boolean;
}

/**
 * A method with many messages, in one direction or both.
 *
 * @typeParam Initial What the caller sends with the opening.
 * @typeParam Input What the caller sends afterwards; `never` if the direction does not exist.
 * @typeParam Output What the handler sends; `never` if the direction does not exist.
 * @typeParam Detail What a `HandlerError` carries besides its message. Default: `unknown`.
 */
export interface StreamMethod<
  Initial = Uint8Array,
  Input = Uint8Array,
  Output = Uint8Array,
  Detail = unknown,
> {
  /** The kind of method. */
  readonly kind: "stream";
  /** Its key on the wire. */
  readonly key: MethodKey;
  /** Its codecs and capacities; named `service.method`. */
  readonly contract: StreamContract<Initial, Input, Output>;
  /** The codec of a `HandlerError`'s detail; that of the contract. */
  readonly detail?: Codec<Detail> | undefined;
  /** A stream is never opened twice. */
  readonly idempotent: false;
}

/** A method of either kind, whatever its types. */
export type AnyMethod =
  // deno-lint-ignore no-explicit-any -- any method at all is meant
  | SingleMethod<any, any, any>
  // deno-lint-ignore no-explicit-any -- see above
  | StreamMethod<any, any, any, any>;

/**
 * What {@linkcode method} takes.
 *
 * @typeParam Request What the caller sends.
 * @typeParam Response What the handler returns.
 * @typeParam Detail What a `HandlerError` carries besides its message.
 */
export interface SingleMethodOptions<Request, Response, Detail>
  extends SingleOptions<Request, Response> {
  /** Carries the `detail` of a `HandlerError`: at most 3,836 bytes. Default: none, details are dropped. */
  detail?: Codec<Detail>;
  /** Whether running it twice does no harm, so that a call whose fate is unknown is tried again. Default: `false`. */
  idempotent?: boolean;
}

/**
 * Describes a method with one request and one response, for `service`.
 *
 * @param options The codecs (without them `Uint8Array` goes in and out), and whether it is idempotent.
 * @returns Makes the method of a service by their names, as `service` does.
 *
 * @example
 * ```ts
 * import { method, service } from "@internode/grid/call";
 * import * as t from "@internode/grid/codec";
 *
 * export const Stock = service("stock", {
 *   count: method({ request: t.string(), response: t.uint(), idempotent: true }),
 *   take: method({
 *     request: t.record({ item: t.string(), count: t.uint() }),
 *     response: t.nothing(),
 *     detail: t.record({ missing: t.uint() }),
 *   }),
 * });
 * ```
 */
export function method<Request = Uint8Array, Response = Uint8Array, Detail = unknown>(
  options: SingleMethodOptions<Request, Response, Detail> = {},
): (service: string, name: string) => SingleMethod<Request, Response, Detail> {
  const { detail } = optionsOf("method", options);
  const idempotent = flag("idempotent", options.idempotent, false);
  return (service, name) => ({
    kind: "single",
    key: makeMethodKey(service, name),
    contract: single(`${service}.${name}`, options),
    detail,
    idempotent,
  });
}

/**
 * What {@linkcode methodStream} takes.
 *
 * @typeParam Initial What the caller sends with the opening.
 * @typeParam Input What the caller sends afterwards.
 * @typeParam Output What the handler sends.
 * @typeParam InputCapacity 0 removes the caller's messages.
 * @typeParam OutputCapacity 0 removes the handler's messages.
 * @typeParam Detail What a `HandlerError` carries besides its message.
 */
export interface StreamMethodOptions<
  Initial,
  Input,
  Output,
  InputCapacity extends number,
  OutputCapacity extends number,
  Detail,
> extends StreamOptions<Initial, Input, Output, InputCapacity, OutputCapacity> {
  /** Carries the `detail` of a `HandlerError`: at most 3,836 bytes. Default: none, details are dropped. */
  detail?: Codec<Detail>;
}

/**
 * Describes a method with many messages, for `service`. Each direction has a
 * capacity; with 0 it does not exist, in the types either.
 *
 * @param options The capacities, and the codecs; without these `Uint8Array`s travel.
 * @returns Makes the method of a service by their names, as `service` does.
 *
 * @example
 * ```ts
 * import { methodStream, service } from "@internode/grid/call";
 * import * as t from "@internode/grid/codec";
 *
 * export const Feed = service("feed", {
 *   watch: methodStream({
 *     initial: t.record({ prefix: t.string() }),
 *     output: t.record({ key: t.string(), value: t.bytes() }),
 *     inputCapacity: 0,
 *     outputCapacity: 16,
 *   }),
 * });
 * ```
 */
export function methodStream<
  Initial = Uint8Array,
  Input = Uint8Array,
  Output = Uint8Array,
  const InputCapacity extends number = number,
  const OutputCapacity extends number = number,
  Detail = unknown,
>(
  options: StreamMethodOptions<Initial, Input, Output, InputCapacity, OutputCapacity, Detail>,
): (service: string, name: string) => StreamMethod<
  Initial,
  InputCapacity extends 0 ? never : Input,
  OutputCapacity extends 0 ? never : Output,
  Detail
> {
  optionsOf("methodStream", options);
  return (service, name) => ({
    kind: "stream",
    key: makeMethodKey(service, name),
    contract: stream(`${service}.${name}`, options),
    detail: options.detail,
    idempotent: false,
  });
}

/** The methods of a service, by their names. */
export type Methods = Readonly<Record<string, AnyMethod>>;

/**
 * A service: a name and methods. `client` makes calls of it, `implement`
 * serves them.
 *
 * @typeParam M Its methods: for each name a `SingleMethod` or `StreamMethod`.
 */
export interface Service<M> {
  /** The service's name, the same for client and server. */
  readonly name: string;
  /** Its methods, by their names. */
  readonly methods: Readonly<M>;
  /** What its author says of it. */
  readonly docs?: string | undefined;
}

/** What {@linkcode service} takes beside its methods. */
export interface ServiceOptions {
  /** What is to be said of it where contracts are looked into; at most 4,096 characters. Default: nothing. */
  docs?: string | undefined;
}

/**
 * Describes a service once, for its clients and its servers.
 *
 * @param name The service's name, such as `"cache"`.
 * @param methods Its methods, by their names.
 * @param options What is to be said of it.
 * @returns The service, to be shared.
 * @throws {InternodeError} `InvalidArgument` for a name that is empty or overlong, or a method called `then`.
 *
 * @example The types are inferred, or written down, as exports of packages need it
 * ```ts
 * import { method, methodStream, service } from "@internode/grid/call";
 * import type { Service, SingleMethod, StreamMethod } from "@internode/grid/call";
 * import * as t from "@internode/grid/codec";
 *
 * export const Cache: Service<{
 *   get: SingleMethod<string, Uint8Array | undefined>;
 *   watch: StreamMethod<{ prefix: string }, never, string>;
 * }> = service("cache", {
 *   get: method({ request: t.string(), response: t.optional(t.bytes()), idempotent: true }),
 *   watch: methodStream({
 *     initial: t.record({ prefix: t.string() }),
 *     output: t.string(),
 *     inputCapacity: 0,
 *     outputCapacity: 64,
 *   }),
 * });
 * ```
 */
export function service<M extends Methods>(
  name: string,
  methods: { readonly [K in keyof M]: (service: string, name: string) => M[K] },
  options: ServiceOptions = {},
): Service<M> {
  const { docs } = optionsOf(`service ${shown(name)}`, options);
  const made: [string, AnyMethod][] = [];
  const plans = Object.entries<(service: string, name: string) => AnyMethod>(
    optionsOf(`service ${shown(name)} (its methods)`, methods),
  );
  for (const [key, make] of plans) {
    if (key === "then") {
      throw invalidArgument(
        `Service ${
          quoted(name)
        }: no method may be called "then"; awaiting its client would call it.`,
      );
    }
    const one = typeof make === "function" ? make(name, key) : undefined;
    if (one?.contract === undefined) {
      throw invalidArgument(
        `Method ${quoted(key)} of service ${quoted(name)} must be made by method or methodStream.`,
      );
    }
    made.push([key, one]);
  }
  return {
    name,
    methods: Object.fromEntries(made) as M,
    ...(docs === undefined ? {} : { docs: checkDocs(docs) }),
  };
}

/**
 * The methods of a service that a user has given.
 *
 * @throws {InternodeError} `InvalidArgument` for anything else.
 */
export function methodsOf<M extends Methods>(service: Service<M>): Readonly<M> {
  if (typeof service?.methods === "object" && service.methods !== null) return service.methods;
  throw invalidArgument(`A service must be made by service, not ${shown(service)}.`);
}
