/**
 * A logger that keeps what it was told, for tests.
 *
 * @module
 */

import type { Logger } from "@internode/grid";

/** Keeps warnings and errors; prints nothing. */
export class QuietLogger implements Logger {
  /** The warnings and errors so far. */
  readonly lines: string[] = [];

  debug(): void {}
  info(): void {}
  warn(message: string): void {
    this.lines.push(message);
  }
  error(message: string): void {
    this.lines.push(message);
  }

  /** Whether any line holds the text. */
  has(text: string): boolean {
    return this.lines.some((line) => line.includes(text));
  }
}
