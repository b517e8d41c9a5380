/**
 * A logger that keeps everything that it is told, for tests.
 *
 * @module
 */

import type { Logger } from "@internode/grid";

/** A log line. */
export interface Heard {
  readonly level: "debug" | "info" | "warn" | "error";
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** Keeps all lines; prints nothing. */
export class HeardLogger implements Logger {
  /** The lines so far. */
  readonly heard: Heard[] = [];

  debug(message: string, fields?: Readonly<Record<string, unknown>>): void {
    this.#add("debug", message, fields);
  }
  info(message: string, fields?: Readonly<Record<string, unknown>>): void {
    this.#add("info", message, fields);
  }
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void {
    this.#add("warn", message, fields);
  }
  error(message: string, fields?: Readonly<Record<string, unknown>>): void {
    this.#add("error", message, fields);
  }

  /** The lines about an event. */
  of(event: string): readonly Heard[] {
    return this.heard.filter(({ fields }) => fields["event"] === event);
  }

  /** The lines that a logger shows which is quiet below info. */
  get shown(): readonly Heard[] {
    return this.heard.filter(({ level }) => level !== "debug");
  }

  #add(
    level: Heard["level"],
    message: string,
    fields: Readonly<Record<string, unknown>> = {},
  ): void {
    this.heard.push({ level, message, fields });
  }
}
