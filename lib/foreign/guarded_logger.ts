/**
 * Loggers of users, which may fail like all code of theirs.
 *
 * @module
 */

import { tell } from "./guard.ts";
import type { EventLogger, LogFields } from "./log_event.ts";
import { plainFields } from "./plain_fields.ts";
import { MAX_FOREIGN_TEXT, plainText } from "./plain_text.ts";

type Level = "debug" | "info" | "warn" | "error";

/** From what happens often to what happens rarely. */
const RANKS: Readonly<Record<Level, number>> = { debug: 0, info: 1, warn: 2, error: 3 };

/** What a logger should be like. */
export type AnyLogger = {
  readonly [level in Level]?: (message: string, fields: LogFields) => unknown;
};

/** The longest text of a log line, in UTF-16 units: it may be put together of several texts. */
export const MAX_LINE_TEXT: number = 2 * MAX_FOREIGN_TEXT;

/**
 * A user's logger that may be called anywhere: a method that throws, is
 * missing, or returns a promise that is rejected changes nothing. What it is
 * given is plain, see {@linkcode plainText}, whoever has written a part of it.
 */
export class GuardedLogger implements EventLogger {
  /** Lines below this level are not passed on. */
  level: Level;
  readonly #logger: AnyLogger;
  readonly #onFailure: (thrown: unknown) => void;

  /**
   * @param logger The user's.
   * @param onFailure Is given what the logger threw. Must not throw.
   * @param level See {@linkcode GuardedLogger.level}. Default: all are passed on.
   */
  constructor(
    logger: AnyLogger,
    onFailure: (thrown: unknown) => void,
    level: Level = "debug",
  ) {
    this.level = level;
    this.#logger = logger;
    this.#onFailure = onFailure;
  }

  /** Attempts, probes, details. */
  debug(message: string, fields: LogFields): void {
    this.#log("debug", message, fields);
  }

  /** A change of state that an operator wants to see once. */
  info(message: string, fields: LogFields): void {
    this.#log("info", message, fields);
  }

  /** What an operator must act on. */
  warn(message: string, fields: LogFields): void {
    this.#log("warn", message, fields);
  }

  /** Something of this process is broken. */
  error(message: string, fields: LogFields): void {
    this.#log("error", message, fields);
  }

  #log(level: Level, message: string, fields: LogFields): void {
    if (RANKS[level] < RANKS[this.level]) return;
    const text = plainText(message, MAX_LINE_TEXT);
    tell(() => this.#logger[level]?.(text, plainFields(fields)), this.#onFailure);
  }
}
