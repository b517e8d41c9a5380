/**
 * Logs calls.
 *
 * @module
 */

import { about, type LogFields } from "../../foreign/log_event.ts";
import { invalidOption, notNegative, optionsOf } from "../../foreign/option_checks.ts";
import { isOwnError } from "../../foreign/own_error.ts";
import { sentence, shown, textOf } from "../../foreign/text_of.ts";
import type { InterceptedCall, Next } from "../contract/interceptor.ts";
import { CONSOLE_LOGGER, type Logger, loggerOf } from "../contract/logger.ts";
import { clockOfCall } from "./interceptor_chain.ts";
import { EndedMessages } from "./ended_messages.ts";

/** Options of {@linkcode logCalls}. */
export interface LogCallsOptions {
  /** Receives a line for each call that has ended: `warn` for those that have failed, see `level` for the others. Default: the console, from `info` on. */
  readonly logger?: Logger | undefined;
  /** The level of calls that went well. Default: `"info"`. */
  readonly level?: "debug" | "info" | undefined;
  /** Calls that went well are logged only if they took this long, in milliseconds. Default: 0, all are. */
  readonly slowMs?: number | undefined;
}

/**
 * Makes an interceptor for either side that logs each call when it has ended: the
 * handler, the other side, how long it took, and how it ended, as event
 * `call_ended`. Neither requests and responses nor metadata are logged.
 *
 * @param options Where to, and which.
 * @returns The interceptor.
 * @throws {InternodeError} `InvalidArgument` for an option that makes no sense.
 *
 * @example
 * ```ts
 * import { logCalls, Manager, single } from "@internode/grid";
 *
 * const echo = single("echo");
 * const local = "memory://logged";
 * const interceptors = { server: [logCalls({ slowMs: 100 })] };
 * await using grid = new Manager({ local, hosts: [local], interceptors });
 * grid.handle(echo, (bytes) => bytes);
 * ```
 */
export function logCalls(
  options: LogCallsOptions = {},
): <Call extends InterceptedCall>(next: Next<Call>) => Next<Call> {
  const { logger: given = CONSOLE_LOGGER, level = "info" } = optionsOf("logCalls", options);
  if (level !== "info" && level !== "debug") {
    throw invalidOption("level", `must be "debug" or "info", not ${shown(level)}`);
  }
  const slowMs = notNegative("slowMs", options.slowMs, 0), logger = loggerOf(given);
  const log = (call: InterceptedCall, startMs: number, failure: Failure | null): void => {
    const tookMs = clockOfCall(call).now() - startMs;
    if (failure === null && tookMs < slowMs) return;
    const { side, contract: { name: handler }, host, subroute } = call, isMade = side === "client";
    const whom = host === "" ? "" : isMade ? ` on ${host}` : ` for ${host}`;
    const fields: LogFields = {
      event: "call_ended",
      what: side,
      handler,
      subroute,
      ...(isMade ? { host } : { caller: host }),
      forMs: tookMs,
      ...(failure !== null && about(failure.error)),
    };
    const took = `${tookMs.toFixed(1)} ms`;
    if (failure === null) logger[level](`${handler}${whom} took ${took}.`, fields);
    else {
      const { error } = failure, code = isOwnError(error) ? ` (${error.code})` : "";
      logger.warn(
        `${handler}${whom} failed after ${took}${code}: ${sentence(textOf(error))}`,
        fields,
      );
    }
  };
  return (next) => async (call) => {
    const startMs = clockOfCall(call).now();
    try {
      const result = await next(call);
      if (result.kind === "single") {
        log(call, startMs, null);
        return result;
      }
      const onEnd = (failure: Failure | null): void => log(call, startMs, failure);
      return { ...result, outputs: new EndedMessages(result.outputs, onEnd) };
    } catch (error) {
      log(call, startMs, { error });
      throw error;
    }
  };
}

/** What a call has failed with. */
interface Failure {
  readonly error: unknown;
}
