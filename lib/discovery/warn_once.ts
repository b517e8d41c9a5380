/**
 * Warnings that are not repeated.
 *
 * @module
 */

import type { Logger } from "../grid/logger.ts";

/** Logs a state that lasts only when it begins. */
export class WarnOnce {
  readonly #logger: Logger;
  #last: string | null = null;

  /** */
  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** Warns, unless this was the last warning and all has not been well since. */
  warn(message: string): void {
    if (message === this.#last) return;
    this.#last = message;
    this.#logger.warn(message);
  }

  /** All is well. */
  clear(): void {
    this.#last = null;
  }
}
