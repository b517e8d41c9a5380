/**
 * Where a node tells what it does.
 *
 * @module
 */

/** Takes log lines: a message, and what belongs to it. `console` has this shape too. */
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
