/**
 * Interceptors, put one around the other.
 *
 * @module
 */

import { invalidArgument } from "../../errors.ts";
import { guard } from "../../foreign/guard.ts";
import { fields, invalidOption } from "../../foreign/option_checks.ts";
import { shown } from "../../foreign/text_of.ts";
import { disregard } from "../../foreign/thenable.ts";
import type { Clock } from "../../runtime/clock.ts";
import { systemClock } from "../../runtime/system_clock.ts";
import type {
  CallResult,
  ClientCall,
  Interceptor,
  Interceptors,
  Next,
  ServerCall,
  SingleResult,
  StreamResult,
} from "../contract/interceptor.ts";

/** The run of a call, which each copy of the call has. */
export const RUN: unique symbol = Symbol("run");

/** One call on its way through the interceptors. */
export interface InterceptedRun<Call> {
  /** The clock of the call's side. */
  readonly clock: Clock;
  /** What the last interceptor has passed on. */
  proceed(call: Call): Promise<CallResult>;
  /** The error for what an interceptor did that it may not do. */
  misuse(what: string): unknown;
}

/** The clock by which an interceptor measures a call; the system's for one that its test has made. */
export function clockOfCall(call: object): Clock {
  return (call as Partial<WithRun<unknown>>)[RUN]?.clock ?? systemClock;
}

/** A call with its run. */
export type WithRun<Call> = Call & { readonly [RUN]: InterceptedRun<Call> };

/** The interceptors of one side, as one function. */
export type Chain<Call> = (call: WithRun<Call>) => Promise<CallResult>;

/**
 * Puts interceptors one around the other, the first outermost.
 *
 * @param option The option, for messages.
 * @param given The interceptors.
 * @returns `null` if there are none: then nothing is to be done for a call.
 * @throws {InternodeError} `InvalidArgument` for anything but functions that make functions.
 */
export function chainOf<Call extends ClientCall | ServerCall>(
  option: string,
  given: readonly Interceptor<Call>[] | undefined,
): Chain<Call> | null {
  if (given === undefined) return null;
  if (!Array.isArray(given)) {
    throw invalidOption(option, `must be a list of interceptors, not ${shown(given)}`);
  }
  let next: Next<Call> | null = null;
  for (const [index, interceptor] of [...given.entries()].reverse()) {
    next = layer(`${option}[${index}]`, interceptor, next ?? proceed);
  }
  return next;
}

/** The chains of both sides of a node. */
export function chainsOf(given: Interceptors | undefined): {
  readonly client: Chain<ClientCall> | null;
  readonly server: Chain<ServerCall> | null;
} {
  const { client, server } = fields("interceptors", given) ?? {};
  return {
    client: chainOf("interceptors.client", client),
    server: chainOf("interceptors.server", server),
  };
}

/** Where the last interceptor's calls go. */
async function proceed<Call>(call: Call): Promise<CallResult> {
  return await runOf(call).proceed(call);
}

/** One interceptor around the next. */
function layer<Call extends ClientCall | ServerCall>(
  option: string,
  interceptor: Interceptor<Call>,
  next: Next<Call>,
): Next<Call> {
  if (typeof interceptor !== "function") {
    throw invalidOption(option, `must be an interceptor, not ${shown(interceptor)}`);
  }
  const given: Next<Call> = (call) => {
    const result = passOn(call, next);
    // Who does not wait for it must not bring the process down.
    result.catch(IGNORE);
    return result;
  };
  const made: unknown = guard(() => interceptor(given), (cause) => {
    throw invalidArgument(`${option} threw an error when it was given next: ${shown(cause)}`, {
      cause,
    });
  });
  if (typeof made !== "function") {
    disregard(made);
    throw invalidOption(option, `must return a function of the call, not ${shown(made)}`);
  }
  return async (call) => checkedResult(call, await made(call));
}

/** Passes on what can be told apart from rubbish. Never throws, but rejects. */
async function passOn<Call>(call: Call, next: Next<Call>): Promise<CallResult> {
  runOf(call);
  return await next(call);
}

const IGNORE = (): void => {};

/** Which call it is that an interceptor has passed on. */
function runOf<Call>(call: Call): InterceptedRun<Call> {
  const run: unknown = (call as Partial<WithRun<Call>> | null | undefined)?.[RUN];
  if (run !== undefined) return run as InterceptedRun<Call>;
  throw notACall(call);
}

/** No error of ours, as the caller of a served call is not to blame. */
function notACall(given: unknown): TypeError {
  return new TypeError(
    `An interceptor must give next its call, or a copy made with { ...call }, not ${shown(given)}.`,
  );
}

/** What an interceptor has returned, if it is a result of this kind of call. */
function checkedResult(call: ClientCall | ServerCall, result: unknown): CallResult {
  const { kind } = call;
  if (
    typeof result === "object" && result !== null && (result as Partial<CallResult>).kind === kind
  ) {
    if (kind === "single" || typeof (result as StreamResult).outputs === "object") {
      return result as SingleResult | StreamResult;
    }
  }
  const wanted = kind === "single" ? "response" : "outputs";
  throw runOf(call).misuse(
    `returned ${
      shown(result)
    } instead of what next has given, or an object with kind "${kind}" and ${wanted}`,
  );
}
