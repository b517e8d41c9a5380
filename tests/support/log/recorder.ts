/** A logger that keeps what it was told, with its level. */

import type { Logger } from "@internode/grid";

export class Recorder implements Logger {
  /** `level: message`, without debug and info. */
  readonly lines: string[] = [];

  /** Those of level debug. */
  readonly details: string[] = [];

  debug(message: string): void {
    this.details.push(message);
  }
  info(): void {}
  warn(message: string): void {
    this.lines.push(`warn: ${message}`);
  }
  error(message: string): void {
    this.lines.push(`error: ${message}`);
  }
}
