/**
 * What two nodes agree on: names, and the codecs of messages in both
 * directions.
 *
 * @module
 */

import type { Codec } from "../../codec/format/codec.ts";
import { checkDocs } from "../../codec/values/documented.ts";
import { raw } from "../../codec/values/raw.ts";
import { invalidArgument } from "../../errors.ts";
import { quoted } from "../../foreign/plain_text.ts";
import { MAX_NAME_BYTES, nameProblem } from "../../session/frames/handler_name.ts";
import { optionsOf, withMethods } from "../../foreign/option_checks.ts";
import { shown } from "../../foreign/text_of.ts";

/**
 * A request with one response.
 *
 * @typeParam Request The inputs.
 * @typeParam Response What the handler returns.
 * @typeParam Detail What a `HandlerError` carries besides its message.
 */
export interface SingleContract<Request = Uint8Array, Response = Uint8Array, Detail = unknown> {
  /** The kind of contract. */
  readonly kind: "single";
  /** The handler's name, the same on every node. */
  readonly name: string;
  /** The codec of the request. */
  readonly request: Codec<Request>;
  /** The codec of the response. */
  readonly response: Codec<Response>;
  /** The codec of what a {@linkcode HandlerError} carries besides its message, if there is any. */
  readonly detail: Codec<Detail> | undefined;
  /** What its author says of it. */
  readonly docs?: string | undefined;
}

/**
 * A call with many messages, in one direction or both.
 *
 * @typeParam Initial What the caller sends with the opening.
 * @typeParam Input What the caller sends afterwards; `never` if the direction does not exist.
 * @typeParam Output What the handler sends; `never` if the direction does not exist.
 * @typeParam Detail What a `HandlerError` carries besides its message.
 */
export interface StreamContract<
  Initial = Uint8Array,
  Input = Uint8Array,
  Output = Uint8Array,
  Detail = unknown,
> {
  /** The kind of contract. */
  readonly kind: "stream";
  /** The handler's name, the same on every node. */
  readonly name: string;
  /** The codec of the initial payload. */
  readonly initial: Codec<Initial>;
  /** The codec of the caller's messages. */
  readonly input: Codec<Input>;
  /** The codec of the handler's messages. */
  readonly output: Codec<Output>;
  /** How many of the caller's messages may be in flight or unread; 0 if there are none. */
  readonly inputCapacity: number;
  /** How many of the handler's messages may be in flight or unread; 0 if there are none. */
  readonly outputCapacity: number;
  /** The codec of what a {@linkcode HandlerError} carries besides its message, if there is any. */
  readonly detail: Codec<Detail> | undefined;
  /** What its author says of it. */
  readonly docs?: string | undefined;
}

/** A contract of either kind, whatever its types. */
// deno-lint-ignore no-explicit-any -- any contract at all is meant
export type AnyContract = SingleContract<any, any, any> | StreamContract<any, any, any, any>;

/** What {@linkcode single} takes beside the name. */
export interface SingleOptions<Request, Response, Detail = unknown> {
  /** The codec of the request. Default: raw bytes. */
  request?: Codec<Request>;
  /** The codec of the response. Default: raw bytes. */
  response?: Codec<Response>;
  /** Carries the `detail` of a `HandlerError`. Default: none, details are dropped. */
  detail?: Codec<Detail>;
  /** What is to be said of it where contracts are looked into; at most 4,096 characters. Default: nothing. */
  docs?: string | undefined;
}

/**
 * Describes a request with one answer.
 *
 * @param name The handler's name: 1 to 255 bytes of UTF-8, such as `"lock.acquire"`.
 * @param options The codecs; without them `Uint8Array` goes in and out.
 * @returns The contract, to be shared by all nodes.
 * @throws {InternodeError} `InvalidArgument` for an empty or overlong name.
 *
 * @example
 * ```ts
 * import { single } from "@internode/grid";
 * import * as t from "@internode/grid/codec";
 *
 * export const acquire = single("lock.acquire", {
 *   request: t.record({ uid: t.string(), resources: t.list(t.string()) }),
 *   response: t.record({ granted: t.boolean() }),
 * });
 * export const echo = single("echo");
 * ```
 */
export function single<Request = Uint8Array, Response = Uint8Array, Detail = unknown>(
  name: string,
  options: SingleOptions<Request, Response, Detail> = {},
): SingleContract<Request, Response, Detail> {
  checkName(name);
  const { request, response, detail, docs } = optionsOf(`single ${quoted(name)}`, options);
  return {
    kind: "single",
    name,
    request: codecOf("request", request),
    response: codecOf("response", response),
    detail: detail === undefined ? undefined : codecOf("detail", detail),
    ...(docs === undefined ? {} : { docs: checkDocs(docs) }),
  };
}

/** What {@linkcode stream} takes beside the name. */
export interface StreamOptions<
  Initial,
  Input,
  Output,
  InputCapacity extends number,
  OutputCapacity extends number,
  Detail = unknown,
> {
  /** The codec of the initial payload. Default: raw bytes. */
  initial?: Codec<Initial>;
  /** The codec of the caller's messages. Default: raw bytes. */
  input?: Codec<Input>;
  /** The codec of the handler's messages. Default: raw bytes. */
  output?: Codec<Output>;
  /** How many of the caller's messages may be under way or unread, 0 to 65,535; 0 removes the direction. More where a round trip takes 5 ms or longer, while their reader keeps up. */
  inputCapacity: InputCapacity;
  /** How many of the handler's messages may be under way or unread, 0 to 65,535; 0 removes the direction. More where a round trip takes 5 ms or longer, while their reader keeps up. */
  outputCapacity: OutputCapacity;
  /** Carries the `detail` of a `HandlerError`. Default: none, details are dropped. */
  detail?: Codec<Detail>;
  /** What is to be said of it where contracts are looked into; at most 4,096 characters. Default: nothing. */
  docs?: string | undefined;
}

/**
 * Describes a call with many messages. Each direction has a capacity: that
 * many messages may be sent before the first of them has been read, and more
 * where a round trip takes 5 ms or longer while their reader keeps
 * up. With capacity 0 the direction does not exist, in the types either.
 *
 * @param name The handler's name: 1 to 255 bytes of UTF-8, such as `"bucket.scan"`.
 * @param options The capacities, and the codecs; without these `Uint8Array`s travel.
 * @returns The contract, to be shared by all nodes.
 * @throws {InternodeError} `InvalidArgument` for an empty or overlong name, or a capacity out of range.
 *
 * @example
 * ```ts
 * import { stream } from "@internode/grid";
 * import * as t from "@internode/grid/codec";
 *
 * export const scan = stream("bucket.scan", {
 *   initial: t.record({ prefix: t.string() }),
 *   output: t.record({ name: t.string(), size: t.uint() }),
 *   inputCapacity: 0,
 *   outputCapacity: 16,
 * });
 * ```
 */
export function stream<
  Initial = Uint8Array,
  Input = Uint8Array,
  Output = Uint8Array,
  const InputCapacity extends number = number,
  const OutputCapacity extends number = number,
  Detail = unknown,
>(
  name: string,
  options: StreamOptions<Initial, Input, Output, InputCapacity, OutputCapacity, Detail>,
): StreamContract<
  Initial,
  InputCapacity extends 0 ? never : Input,
  OutputCapacity extends 0 ? never : Output,
  Detail
> {
  checkName(name);
  const { detail, docs } = optionsOf(`stream ${quoted(name)}`, options);
  checkCapacity(name, "inputCapacity", options.inputCapacity);
  checkCapacity(name, "outputCapacity", options.outputCapacity);
  return {
    kind: "stream",
    name,
    initial: codecOf("initial", options.initial),
    input: codecOf("input", options.input) as Codec<InputCapacity extends 0 ? never : Input>,
    output: codecOf("output", options.output) as Codec<OutputCapacity extends 0 ? never : Output>,
    inputCapacity: options.inputCapacity,
    outputCapacity: options.outputCapacity,
    detail: detail === undefined ? undefined : codecOf("detail", detail),
    ...(docs === undefined ? {} : { docs: checkDocs(docs) }),
  };
}

/** The codec that was given, or that of raw bytes. */
function codecOf<T>(option: string, given: Codec<T> | undefined): Codec<T> {
  if (given === undefined) return raw() as Codec<unknown> as Codec<T>;
  return withMethods(option, given, "encode", "decode");
}

function checkName(name: string): void {
  const problem = nameProblem(name, 1);
  if (problem === null) return;
  throw invalidArgument(
    `A contract's name must have 1 to ${MAX_NAME_BYTES} bytes of UTF-8; ${shown(name)} ${problem}.`,
  );
}

function checkCapacity(name: string, option: string, capacity: number): void {
  if (Number.isInteger(capacity) && capacity >= 0 && capacity <= 65_535) return;
  throw invalidArgument(
    `${option} of stream ${quoted(name)} must be a whole number from 0 to 65535, not ${
      shown(capacity)
    }.`,
    { handler: name },
  );
}
