/**
 * A logger that keeps whole lines, for tests.
 *
 * @module
 */

import type { Logger } from "@internode/grid";

/** A log line. */
export interface KeptLine {
  /** Its level. */
  readonly level: "debug" | "info" | "warn" | "error";
  /** Its text. */
  readonly message: string;
  /** What came beside the text. */
  readonly fields: Readonly<Record<string, unknown>>;
}

/** Keeps every line, with its level and fields. */
export class KeptLines implements Logger {
  /** All so far. */
  readonly all: KeptLine[] = [];

  /** Those that are shown: from level `info` on. */
  get shown(): readonly KeptLine[] {
    return this.all.filter(({ level }) => level !== "debug");
  }

  debug(message: string, fields: KeptLine["fields"] = {}): void {
    this.all.push({ level: "debug", message, fields });
  }
  info(message: string, fields: KeptLine["fields"] = {}): void {
    this.all.push({ level: "info", message, fields });
  }
  warn(message: string, fields: KeptLine["fields"] = {}): void {
    this.all.push({ level: "warn", message, fields });
  }
  error(message: string, fields: KeptLine["fields"] = {}): void {
    this.all.push({ level: "error", message, fields });
  }

  /** The lines of an event. */
  of(event: string): readonly KeptLine[] {
    return this.all.filter(({ fields }) => fields["event"] === event);
  }
}
