/**
 * The logger of tests.
 *
 * @module
 */

import type { Logger } from "@internode/grid";
import { inTime } from "../asking.ts";

/** A log line. */
export interface LogLine {
  readonly level: "debug" | "info" | "warn" | "error";
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** Keeps every line, and prints nothing. */
export class QuietLogger implements Logger {
  /** All so far. */
  readonly all: LogLine[] = [];
  #next = Promise.withResolvers<void>();

  debug(message: string, fields: LogLine["fields"] = {}): void {
    this.#add({ level: "debug", message, fields });
  }
  info(message: string, fields: LogLine["fields"] = {}): void {
    this.#add({ level: "info", message, fields });
  }
  warn(message: string, fields: LogLine["fields"] = {}): void {
    this.#add({ level: "warn", message, fields });
  }
  error(message: string, fields: LogLine["fields"] = {}): void {
    this.#add({ level: "error", message, fields });
  }

  /** Those that are shown by default: from level `info` on. */
  get shown(): readonly LogLine[] {
    return this.all.filter(({ level }) => level !== "debug");
  }

  /** The texts of warnings and errors. */
  get lines(): readonly string[] {
    return this.all.flatMap(({ level, message }) =>
      level === "warn" || level === "error" ? message : []
    );
  }

  /** The texts of warnings. */
  get warnings(): readonly string[] {
    return this.textsOf("warn");
  }

  /** The texts of a level. */
  textsOf(wanted: LogLine["level"]): readonly string[] {
    return this.all.flatMap(({ level, message }) => level === wanted ? message : []);
  }

  /** The lines of an event. */
  of(event: string): readonly LogLine[] {
    return this.all.filter(({ fields }) => fields["event"] === event);
  }

  /** Whether any warning or error holds the text. */
  has(text: string): boolean {
    return this.lines.some((line) => line.includes(text));
  }

  /** Resolves once a warning or error holds the text. */
  heard(text: string, limitMs?: number): Promise<void> {
    return inTime(async () => {
      while (!this.has(text)) await this.#next.promise;
    }, limitMs);
  }

  /** Waits until there are so many warnings, and gives the last of them. */
  async nth(count: number): Promise<string> {
    while (this.warnings.length < count) await this.#next.promise;
    return this.warnings[count - 1]!;
  }

  #add(line: LogLine): void {
    this.all.push(line);
    this.#next.resolve();
    this.#next = Promise.withResolvers();
  }
}
