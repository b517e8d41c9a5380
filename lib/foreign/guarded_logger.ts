/**
 * Loggers of users, which may fail like all code of theirs.
 *
 * @module
 */

import { tell } from "./guard.ts";

type Fields = Readonly<Record<string, unknown>>;
type Level = "debug" | "info" | "warn" | "error";

/** What a logger should be like. */
export type AnyLogger = {
  readonly [level in Level]?: (message: string, fields?: Fields) => unknown;
};

/**
 * A user's logger that may be called anywhere: a method that throws, is
 * missing, or returns a promise that is rejected changes nothing.
 */
export class GuardedLogger {
  readonly #logger: AnyLogger;
  readonly #onFailure: (thrown: unknown) => void;

  /**
   * @param logger The user's.
   * @param onFailure Is given what the logger threw. Must not throw.
   */
  constructor(logger: AnyLogger, onFailure: (thrown: unknown) => void) {
    this.#logger = logger;
    this.#onFailure = onFailure;
  }

  /** Attempts, probes, details. */
  debug(message: string, fields?: Fields): void {
    this.#log("debug", message, fields);
  }

  /** A change of state that an operator wants to see once. */
  info(message: string, fields?: Fields): void {
    this.#log("info", message, fields);
  }

  /** What an operator must act on. */
  warn(message: string, fields?: Fields): void {
    this.#log("warn", message, fields);
  }

  /** Something of this process is broken. */
  error(message: string, fields?: Fields): void {
    this.#log("error", message, fields);
  }

  #log(level: Level, message: string, fields: Fields | undefined): void {
    tell(() => {
      // The console would print the second one also where it is undefined.
      if (fields === undefined) return this.#logger[level]?.(message);
      return this.#logger[level]?.(message, fields);
    }, this.#onFailure);
  }
}
