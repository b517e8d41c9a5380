/**
 * Detects two processes that use one name.
 *
 * @module
 */

import type { EventLogger } from "../../foreign/log_event.ts";
import type { Link } from "../../driver/link.ts";
import { RepeatedLines, times } from "../../driver/repeated_lines.ts";

/** How many replaced instances are remembered. */
const MAX_REMEMBERED = 8;

/**
 * Detects processes of one name that take the connection from each other: an
 * instance that was replaced connects again. After a restart, only the new
 * instance connects.
 */
export class DuplicateNameWatch {
  readonly #host: string;
  readonly #logger: EventLogger;
  /** In the order in which they were replaced. */
  readonly #replaced = new Set<string>();
  readonly #lines = new RepeatedLines();

  /**
   * @param host The name.
   * @param logger Logs it, once and then as a sum.
   */
  constructor(host: string, logger: EventLogger) {
    this.#host = host;
    this.#logger = logger;
  }

  /** A connection was replaced by another one. */
  onReplaced(old: Link, link: Link, nowMs: number): void {
    const before = old.session.peer?.instance, after = link.session.peer?.instance;
    if (before === undefined || after === undefined || before === after) return;
    const isBack = this.#replaced.delete(after);
    this.#replaced.delete(before);
    this.#replaced.add(before);
    for (const oldest of this.#replaced) {
      if (this.#replaced.size <= MAX_REMEMBERED) break;
      this.#replaced.delete(oldest);
    }
    if (!isBack) return;
    const count = this.#lines.note("duplicate_name", nowMs);
    this.#logger[count > 0 ? "warn" : "debug"](
      `Two processes use the same name, ${this.#host}, and take the connection from each other: ` +
        `instance ${before} at ${old.remote} and instance ${after} at ${link.remote}. ` +
        "Give each process a name of its own, or stop one of them." +
        times(count),
      {
        event: "duplicate_name",
        host: this.#host,
        count,
        instances: [before, after],
        remotes: [old.remote, link.remote],
      },
    );
  }
}
