/**
 * What interceptors see, and what they are.
 *
 * @module
 */

import type { CallPriority } from "../../session/frames/priority.ts";
import type { AnyContract } from "./contract.ts";
import type { ContextValues } from "./context_values.ts";
import type { HandlerContext } from "./handler.ts";

/** What calls on both sides have. */
export interface InterceptedCallBase {
  /** What is called: `contract.name`, `contract.kind`, and the codecs. */
  readonly contract: AnyContract;
  /** The other side: the peer that is called, or the caller by its name. Empty for calls of a service's client, as a replica is chosen later, for each attempt. */
  readonly host: string;
  /** The subroute; `""` if there is none. */
  readonly subroute: string;
  /** The metadata of the call. Where it is made, a changed call may have others. */
  readonly metadata: Readonly<Record<string, string>>;
  /** The values of this call, for interceptors and handlers on this side. They may be set. */
  readonly values: ContextValues;
}

/** What calls have where they are made. */
export interface ClientCallBase extends InterceptedCallBase {
  /** The call is made here. */
  readonly side: "client";
  /** How long the call may take in all, in milliseconds, interceptors included; `Infinity` for no limit. A changed call may have less time, and never gets more. */
  readonly timeoutMs: number;
  /** Ends the call when it aborts. A changed call may have another one; that of the caller ends the call in any case. */
  readonly signal: AbortSignal | undefined;
  /** How urgent the call is. A changed call may be more or less so. */
  readonly priority: CallPriority;
  /** What the caller has given as options, to be read only. */
  readonly options: object;
}

/** What calls have where they are served. */
export interface ServerCallBase extends InterceptedCallBase {
  /** The call is served here. */
  readonly side: "server";
  /** What the handler gets: caller, identity, deadline, signals. A changed call cannot have another one. */
  readonly context: HandlerContext;
}

/** What single requests have. */
export interface SingleCallPart {
  /** The kind of the contract. */
  readonly kind: "single";
  /** The request, decoded. A changed call may have another one, which fits the contract. */
  readonly request: unknown;
}

/** What streams have. */
export interface StreamCallPart {
  /** The kind of the contract. */
  readonly kind: "stream";
  /** The initial value, decoded. A changed call may have another one. */
  readonly initial: unknown;
  /** The messages of the caller. A changed call may have others, made of these: they must end when these have ended, and fail if these do. */
  readonly inputs: AsyncIterable<unknown>;
}

/** A request or stream where it is made. */
export type ClientCall = ClientCallBase & (SingleCallPart | StreamCallPart);

/** A request or stream where it is served. */
export type ServerCall = ServerCallBase & (SingleCallPart | StreamCallPart);

/** A call on either side; `side` and `kind` tell which. */
export type InterceptedCall = ClientCall | ServerCall;

/** The result of a single request. */
export interface SingleResult {
  /** The kind of the contract. */
  readonly kind: "single";
  /** The response, decoded. A changed result may have another one, which fits the contract. */
  readonly response: unknown;
  /** The headers that the handler has set, where the call was made; empty if it has set none. The caller is told them in any case. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** The same for its trailers. */
  readonly trailers?: Readonly<Record<string, string>> | undefined;
}

/** A stream that has begun. */
export interface StreamResult {
  /** The kind of the contract. */
  readonly kind: "stream";
  /** The messages of the handler; they end when it has ended. A changed result may have others, made of these: they must end when these have ended, and fail if these do. */
  readonly outputs: AsyncIterable<unknown>;
  /** Resolves with the headers that the handler has set, where the call was made, see `Stream`. The caller is told them in any case. */
  readonly headers?: Promise<Readonly<Record<string, string>>> | undefined;
  /** The same for its trailers. */
  readonly trailers?: Promise<Readonly<Record<string, string>>> | undefined;
}

/** What a call gives: the response, or a stream that has begun. */
export type CallResult = SingleResult | StreamResult;

/**
 * Passes a call on: to the next interceptor, and from the last one to the
 * handler, or to the other side. Rejects with what the call has failed with.
 *
 * @typeParam Call What is passed on: the call, or a copy made with `{ ...call }`.
 */
export type Next<Call> = (call: Call) => Promise<CallResult>;

/**
 * Runs around each call of one side: `(next) => (call) => next(call)`. The outer
 * function runs once, when the node, client or server is made; the inner one runs
 * for each call. It may look at the call, change it, wait, fail instead of
 * passing it on, answer it itself, and do the same with the result.
 *
 * The first in a list is the outermost: it sees a call first, and its result
 * last.
 *
 * @typeParam Call On which side it runs.
 *
 * @example Measuring on either side
 * ```ts
 * import { type InterceptedCall, Manager, type Next, single } from "@internode/grid";
 * import { assertEquals } from "@std/assert";
 *
 * const took: string[] = [];
 * function measure<Call extends InterceptedCall>(next: Next<Call>): Next<Call> {
 *   return async (call) => {
 *     const start = performance.now();
 *     try {
 *       return await next(call);
 *     } finally {
 *       took.push(`${call.side} ${call.contract.name}`);
 *       console.log(`${call.contract.name}: ${performance.now() - start} ms`);
 *     }
 *   };
 * }
 *
 * const echo = single("echo");
 * const local = "memory://measured";
 * const interceptors = { client: [measure], server: [measure] };
 * await using grid = new Manager({ local, hosts: [local], interceptors });
 * grid.handle(echo, (bytes) => bytes);
 * await grid.listen();
 * await grid.connection(local).request(echo, new Uint8Array([1]));
 * assertEquals(took, ["server echo", "client echo"]);
 * ```
 */
export type Interceptor<Call> = (
  next: Next<Call>,
) => (call: Call) => CallResult | Promise<CallResult>;

/**
 * Runs around each call that is made. It runs outside of the attempts: retries
 * and hedges happen within `next`. For a single request `next` may be called
 * again, one after the other, such as with a new token; for a stream once.
 */
export type ClientInterceptor = Interceptor<ClientCall>;

/**
 * Runs around each handler but those of `admin`, after the handler's `allow` rule and when the call
 * has its place (`concurrency`). An `InternodeError` that it throws reaches the
 * caller with its code, as `notExecuted` if the handler has not run. `next` may
 * be called once.
 */
export type ServerInterceptor = Interceptor<ServerCall>;

/** The interceptors of a node, which makes and serves calls. */
export interface Interceptors {
  /** Run around the calls that it makes, the first outermost. Default: none. */
  readonly client?: readonly ClientInterceptor[] | undefined;
  /** Run around its handlers, the first outermost. Default: none. */
  readonly server?: readonly ServerInterceptor[] | undefined;
}
