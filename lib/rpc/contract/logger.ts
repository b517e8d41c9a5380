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

/** The default logger, which is asked for nothing below warnings unless somebody sets another level. */
const consoleLogger: Logger = {
  debug: (message, fields) => console.debug(...line(message, fields)),
  info: (message, fields) => console.info(...line(message, fields)),
  warn: (message, fields) => console.warn(...line(message, fields)),
  error: (message, fields) => console.error(...line(message, fields)),
};

function line(message: string, fields: unknown): unknown[] {
  return fields === undefined ? [message] : [message, fields];
}

/** The same, quiet below `info`. */
export const informingLogger: Logger = {
  ...consoleLogger,
  info: (message, fields) =>
    fields === undefined ? console.info(message) : console.info(message, fields),
};

/**
 * Wraps a user's logger, so that it can be called anywhere: it may throw, lack
 * methods, or return promises that are rejected. The first failure is written
 * to the console. The types make sure that every line has its event; texts are
 * made plain.
 *
 * @param given The user's. Default: the console, quiet below warnings.
 * @throws {InternodeError} `InvalidArgument` if it is no object.
 */
export function loggerOf(given: Logger | EventLogger | undefined): EventLogger {
  if (fields("logger", given) instanceof GuardedLogger) return given as GuardedLogger;
  let isTold = false;
  const onFailure = (thrown: unknown): void => {
    if (isTold) return;
    isTold = true;
    const message = `The logger failed, and log lines are lost: ${textOf(thrown)}`;
    tell(() => console.error(message), () => {});
  };
  return given === undefined
    ? new GuardedLogger(consoleLogger, onFailure, "warn")
    : new GuardedLogger(given, onFailure);
}
