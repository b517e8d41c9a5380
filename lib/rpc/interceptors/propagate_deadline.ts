/**
 * Passes the deadline of a call on to the calls that its handler makes.
 *
 * @module
 */

import { notNegative, optionsOf } from "../../foreign/option_checks.ts";
import { AsyncLocal } from "../../runtime/node/async_local.ts";
import { type EnclosableOptions, enclosedOptions } from "../calling/enclosed_options.ts";
import type { CallOptions } from "../contract/call_options.ts";
import type { HandlerContext } from "../contract/handler.ts";
import { clockOfCall } from "./interceptor_chain.ts";
import type {
  CallResult,
  ClientCall,
  InterceptedCall,
  Next,
  ServerCall,
} from "../contract/interceptor.ts";

/** Options of {@linkcode propagateDeadline}. */
export interface PropagateDeadlineOptions {
  /** How much of the time left is kept for the handler's own answer, in milliseconds. Default: a tenth of it, and at most 10 ms. */
  readonly marginMs?: number | undefined;
}

/** The call that is being served by the running code, one for all nodes, clients and servers of the process. */
const serving = new AsyncLocal<HandlerContext>();

/**
 * Makes an interceptor for both sides: all calls that a handler makes are made
 * as with option `within`, without naming it: they have no more time than the
 * handler has left, end with its call, go on with its trace and are as urgent. The runtime's
 * `AsyncLocalStorage` remembers which call is being served, which costs some
 * time for each `await`.
 *
 * @param options The margin.
 * @returns The interceptor: where calls are served it remembers the call, and where they are made it takes over what that has left.
 * @throws {InternodeError} `InvalidArgument` for a margin below 0.
 *
 * @example
 * ```ts
 * import { Manager, propagateDeadline, single } from "@internode/grid";
 * import * as t from "@internode/grid/codec";
 *
 * const near = single("near", { request: t.nothing(), response: t.boolean() });
 * const far = single("far", { request: t.nothing(), response: t.boolean() });
 * const hosts = ["memory://deadline-1", "memory://deadline-2"] as const;
 * const interceptors = { client: [propagateDeadline()], server: [propagateDeadline()] };
 * await using one = new Manager({ local: hosts[0], hosts, interceptors });
 * await using two = new Manager({ local: hosts[1], hosts, interceptors });
 * one.handle(near, () => one.connection(hosts[1]).request(far, undefined));
 * two.handle(far, (_request, { deadline }) => deadline < Date.now() + 1_000);
 * await Promise.all([one.listen(), two.listen()]);
 *
 * const isSoon = await two.connection(hosts[0]).request(near, undefined, { timeoutMs: 500 });
 * if (!isSoon) throw new Error("the second call has no more time than the first");
 * ```
 */
export function propagateDeadline(
  options: PropagateDeadlineOptions = {},
): <Call extends InterceptedCall>(next: Next<Call>) => Next<Call> {
  const { marginMs } = optionsOf("propagateDeadline", options);
  if (marginMs !== undefined) notNegative("marginMs", marginMs, 0);
  return <Call extends InterceptedCall>(next: Next<Call>): Next<Call> => (call) =>
    call.side === "server"
      ? remember(call, () => next(call))
      : next({ ...call, ...taken(call, marginMs) });
}

/** What a call takes over from the one that is being served, if there is one. */
function taken(
  call: ClientCall,
  marginMs: number | undefined,
): Partial<Pick<ClientCall, "metadata" | "priority" | "signal" | "timeoutMs">> {
  const around = serving.get();
  if (around === undefined) return {};
  const { timeoutMs, signal, metadata } = call;
  // Of the caller or another interceptor; a call of which nobody says anything has none of its own.
  const own = (call.options as CallOptions).priority;
  const priority = call.priority === "normal" ? own : call.priority;
  const given = { timeoutMs, signal, metadata, priority };
  const { within: _, ...options } = enclosedOptions<EnclosableOptions>(
    given,
    around,
    clockOfCall(call),
    timeoutMs,
    marginMs,
  );
  // Nothing else of it is left out, as nothing of what was given was.
  const complete = options as Pick<ClientCall, "metadata" | "signal" | "timeoutMs">;
  return { ...complete, priority: options.priority ?? call.priority };
}

/** Runs the rest of a call so that what it awaits and begins knows of it: of a stream, each time that it is asked for an output. */
async function remember(call: ServerCall, rest: () => Promise<CallResult>): Promise<CallResult> {
  const { context } = call;
  const result = await serving.run(context, rest);
  if (result.kind === "single") return result;
  return { ...result, outputs: new RememberedOutputs(result.outputs, context) };
}

/** A generator runs in the context of whoever asks it. */
class RememberedOutputs implements AsyncIterableIterator<unknown> {
  readonly #outputs: AsyncIterator<unknown>;
  readonly #context: HandlerContext;

  constructor(outputs: AsyncIterable<unknown>, context: HandlerContext) {
    this.#outputs = outputs[Symbol.asyncIterator]();
    this.#context = context;
  }

  next(): Promise<IteratorResult<unknown>> {
    return serving.run(this.#context, () => this.#outputs.next());
  }

  async return(): Promise<IteratorResult<unknown>> {
    await serving.run(this.#context, () => this.#outputs.return?.());
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
