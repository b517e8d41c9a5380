/**
 * Warnings that are not repeated.
 *
 * @module
 */

import type { EventLogger, LogFields } from "../foreign/log_event.ts";

/** So many different warnings are remembered. */
const MAX_TOLD = 64;

/** Logs a trouble that lasts once, and when it is over. */
export class WarnOnce {
  readonly #logger: EventLogger;
  readonly #over: { readonly message: string; readonly fields: LogFields };
  readonly #told = new Set<string>();

  /**
   * @param logger Hears of it.
   * @param message What is said when it is over.
   * @param fields What comes beside that.
   */
  constructor(logger: EventLogger, message: string, fields: LogFields) {
    this.#logger = logger;
    this.#over = { message, fields };
  }

  /** Warns, unless that was said since all was well. */
  warn(message: string, fields: LogFields): void {
    if (this.#told.has(message)) return;
    if (this.#told.size >= MAX_TOLD) this.#told.clear();
    this.#told.add(message);
    this.#logger.warn(message, fields);
  }

  /** All is well. */
  clear(): void {
    if (this.#told.size === 0) return;
    this.#told.clear();
    this.#logger.info(this.#over.message, this.#over.fields);
  }
}
