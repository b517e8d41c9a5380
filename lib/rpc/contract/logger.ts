/**
 * Where a node tells what it does.
 *
 * @module
 */

import { tell } from "../../foreign/guard.ts";
import { fields } from "../../foreign/option_checks.ts";
import type { EventLogger } from "../../foreign/log_event.ts";
import { GuardedLogger } from "../../foreign/guarded_logger.ts";
import { textOf } from "../../foreign/text_of.ts";

/**
 * Takes log lines: a text for people, and fields for programs. `console` has
 * this shape too. What it throws changes nothing.
 *
 * The fields always have an `event`, such as `"peer_down"` or
 * `"connection_refused"`, which stays the same while texts change, and of
 * `host`, `remote`, `reason`, `code`, `error`, `count` and others what is known.
 * What happens again and again is logged once, then as a sum (`count`), and when
 * it is over.
 */
export interface Logger {
  /** Attempts, probes that connect and leave, details: for who looks for a fault. */
  debug(message: string, fields?: Readonly<Record<string, unknown>>): void;
  /** A change of state that an operator wants to see once: a first failure that may pass by itself, a recovery. */
  info(message: string, fields?: Readonly<Record<string, unknown>>): void;
  /** What an operator must act on, as it will not pass by itself. */
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void;
  /** Something of this process is broken: its own code, this library, or a listener that has ended. */
  error(message: string, fields?: Readonly<Record<string, unknown>>): void;
}

const ignore = (): void => {};

/** The logger that is used unless another is given: the console, quiet below warnings. */
export const consoleLogger: Logger = {
  debug: ignore,
  info: ignore,
  warn: (message, fields) =>
    fields === undefined ? console.warn(message) : console.warn(message, fields),
  error: (message, fields) =>
    fields === undefined ? console.error(message) : console.error(message, fields),
};

/**
 * The logger that a user has given, to be called anywhere: it may throw, lack
 * methods, or return promises that are rejected. The first failure is told to
 * the console. Every line has its event, as the compiler sees, and plain texts.
 *
 * @param given The user's. Default: {@linkcode consoleLogger}.
 * @throws {InternodeError} `InvalidArgument` if it is no object.
 */
export function loggerOf(given: Logger | EventLogger | undefined): EventLogger {
  if (fields("logger", given) instanceof GuardedLogger) return given as GuardedLogger;
  let isTold = false;
  return new GuardedLogger(given ?? consoleLogger, (thrown) => {
    if (isTold) return;
    isTold = true;
    const message = `The logger failed, and log lines are lost: ${textOf(thrown)}`;
    tell(() => console.error(message), ignore);
  });
}
