/** A logger that a test can wait for. */

import type { Logger } from "../../../lib/rpc/contract/logger.ts";

/** Keeps the warnings. */
export class RecordingLogger implements Logger {
  /** All so far. */
  readonly warnings: string[] = [];
  #heard = Promise.withResolvers<void>();

  debug(): void {}
  info(): void {}
  error(): void {}

  warn(message: string): void {
    this.warnings.push(message);
    this.#heard.resolve();
    this.#heard = Promise.withResolvers();
  }

  /** Waits until there are so many warnings, and gives the last of them. */
  async nth(count: number): Promise<string> {
    while (this.warnings.length < count) await this.#heard.promise;
    return this.warnings[count - 1]!;
  }
}
