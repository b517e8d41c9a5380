/**
 * Where a node tells what it does.
 *
 * @module
 */

import { tell } from "../foreign/guard.ts";
import { GuardedLogger } from "../foreign/guarded_logger.ts";
import { textOf } from "../foreign/text_of.ts";

/** Takes log lines: a message, and what belongs to it. `console` has this shape too. What it throws changes nothing. */
export interface Logger {
  /** What only helps when looking for a fault. */
  debug(message: string, fields?: Readonly<Record<string, unknown>>): void;
  /** What happens in the normal course of things. */
  info(message: string, fields?: Readonly<Record<string, unknown>>): void;
  /** What should not happen often. */
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void;
  /** What should not happen. */
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
 * the console.
 *
 * @param given The user's. Default: {@linkcode consoleLogger}.
 */
export function loggerOf(given: Logger | undefined): Logger {
  if (given instanceof GuardedLogger) return given;
  let isTold = false;
  return new GuardedLogger(given ?? consoleLogger, (thrown) => {
    if (isTold) return;
    isTold = true;
    const message = `The logger has failed, and log lines are lost: ${textOf(thrown)}`;
    tell(() => console.error(message), ignore);
  });
}
