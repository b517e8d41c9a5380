/**
 * A logger that one can wait for.
 *
 * @module
 */

import { QuietLogger } from "./quiet.ts";
import { inTime } from "../asking.ts";

/** Keeps what it is told, and tells when something was. */
export class HeardLogger extends QuietLogger {
  #onLine: (() => void)[] = [];

  override warn(message: string): void {
    super.warn(message);
    for (const check of this.#onLine) check();
  }

  /** Resolves once a line holds the text. */
  heard(text: string, limitMs?: number): Promise<void> {
    return inTime(() =>
      new Promise((resolve) => {
        const check = () => this.has(text) && resolve();
        this.#onLine.push(check);
        check();
      }), limitMs);
  }
}
