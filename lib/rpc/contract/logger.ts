/**
 * Loggers.
 *
 * @module
 */

import { tell } from "../../foreign/guard.ts";
import { fields } from "../../foreign/option_checks.ts";
import type { EventLogger } from "../../foreign/log_event.ts";
import { GuardedLogger } from "../../foreign/guarded_logger.ts";
import { lineLogger } from "../../foreign/line_logger.ts";
import { textOf } from "../../foreign/text_of.ts";

/**
 * Takes log lines: a text for people, and fields for programs. `console` has
 * this shape too. What it throws is ignored. The default one writes each line as
 * one line to the console; stacks only of what users' code has thrown.
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

/** The console: each line is one line. */
export const CONSOLE_LOGGER: EventLogger = lineLogger(console);

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
    ? new GuardedLogger(CONSOLE_LOGGER, onFailure, "warn")
    : new GuardedLogger(given, onFailure);
}
