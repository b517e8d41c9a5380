/**
 * Loggers.
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
 * this shape too. What it throws is ignored.
 *
 * The fields always have an `event`, such as `"peer_down"` or
 * `"connection_refused"`, which stays the same when texts change, and `host`,
 * `remote`, `reason`, `code`, `error`, `count` and others if known. Repeated
 * events are logged once, then as a sum (`count`), and when they are over.
 */
export interface Logger {
  /** Attempts, probes that connect and leave, details: for troubleshooting. */
  debug(message: string, fields?: Readonly<Record<string, unknown>>): void;
  /** A change of state that an operator wants to see once: a first failure that may pass by itself, a recovery. */
  info(message: string, fields?: Readonly<Record<string, unknown>>): void;
  /** Something that an operator must act on, because it will not pass by itself. */
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void;
  /** Something of this process is broken: its own code, this library, or a listener that has ended. */
  error(message: string, fields?: Readonly<Record<string, unknown>>): void;
}

const ignore = (): void => {};

/** The default logger: the console, quiet below warnings. */
export const consoleLogger: Logger = {
  debug: ignore,
  info: ignore,
  warn: (message, fields) =>
    fields === undefined ? console.warn(message) : console.warn(message, fields),
  error: (message, fields) =>
    fields === undefined ? console.error(message) : console.error(message, fields),
};

/**
 * Wraps a user's logger, so that it can be called anywhere: it may throw, lack
 * methods, or return promises that are rejected. The first failure is written
 * to the console. The types make sure that every line has its event; texts are
 * made plain.
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
