/**
 * Append-only logs: one JSON object a line, one file for each life of a process.
 *
 * @module
 */

import { closeSync, openSync, writeSync } from "node:fs";
import { readFile } from "node:fs/promises";
import type { Log, LogEvent } from "./log_event.ts";

/**
 * A log being written. Each event is one synchronous `write`, so that it
 * survives the death of the process the moment `write` returns. (It would not
 * survive the death of the machine: that takes an fsync, and this demo kills
 * processes only.)
 */
export class EventLog implements Log, Disposable {
  readonly #file: number;
  readonly #utf8 = new TextEncoder();

  /** @param path The file to append to; made if it is not there. */
  constructor(path: string) {
    this.#file = openSync(path, "a");
  }

  write(event: LogEvent): void {
    const line = this.#utf8.encode(JSON.stringify(event) + "\n");
    for (let at = 0; at < line.length;) at += writeSync(this.#file, line, at);
  }

  [Symbol.dispose](): void {
    closeSync(this.#file);
  }
}

/**
 * Reads a log. A last line without its end is what a killed process leaves;
 * it was never acted upon, so it is left out. Any other broken line throws.
 */
export function parseLog(text: string): LogEvent[] {
  const lines = text.split("\n");
  lines.pop();
  return lines.map((line) => JSON.parse(line) as LogEvent);
}

/** Reads the log at `path`; one that was never begun is empty. */
export async function readLog(path: string): Promise<LogEvent[]> {
  try {
    return parseLog(await readFile(path, "utf8"));
  } catch (error) {
    if ((error as { code?: string }).code === "ENOENT") return [];
    throw error;
  }
}
