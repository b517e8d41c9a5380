/**
 * Troubles that last.
 *
 * @module
 */

import type { EventLogger, LogFields } from "../../foreign/log_event.ts";
import type { Clock } from "../../runtime/clock.ts";
import { RepeatedLines, times } from "../../driver/repeated_lines.ts";

/** Logs a trouble that lasts once, then in sums, and when it is over. */
export class ProblemLog {
  readonly #logger: EventLogger;
  readonly #clock: Pick<Clock, "now">;
  readonly #over: { readonly message: string; readonly fields: LogFields };
  readonly #lines = new RepeatedLines();

  /**
   * @param logger Hears of it.
   * @param clock Where time comes from.
   * @param message What is said when it is over.
   * @param fields What comes beside that.
   */
  constructor(
    logger: EventLogger,
    clock: Pick<Clock, "now">,
    message: string,
    fields: LogFields,
  ) {
    this.#logger = logger;
    this.#clock = clock;
    this.#over = { message, fields };
  }

  /** Warns, unless that was said a short time ago; a detail otherwise. */
  warn(message: string, fields: LogFields): void {
    const count = this.#lines.note(message, this.#clock.now());
    if (count === 0) return this.#logger.debug(message, fields);
    this.#logger.warn(message + times(count), count === 1 ? fields : { ...fields, count });
  }

  /** All is well. */
  clear(): void {
    if (this.#lines.end() === null) return;
    this.#logger.info(this.#over.message, this.#over.fields);
  }
}
