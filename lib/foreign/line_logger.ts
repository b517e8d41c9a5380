/**
 * A logger that writes lines.
 *
 * @module
 */

import type { EventLogger, LogFields, LogLevel } from "./log_event.ts";
import { logLine, needsStack } from "./log_line.ts";

/** Where lines go: the console. */
export type LineTarget = { readonly [level in LogLevel]: (...parts: unknown[]) => void };

/**
 * A logger that writes each line as one line, see {@linkcode logLine}. Stacks
 * stand there only of what users' code has thrown.
 *
 * @param target Where they go.
 */
export function lineLogger(target: LineTarget): EventLogger {
  const write = (level: LogLevel, message: string, fields: LogFields): void => {
    const line = logLine(message, fields);
    // With more than one argument the console looks for formats such as %s in the first.
    if (needsStack(level, fields)) target[level](line.replaceAll("%", "%%"), fields.error);
    else target[level](line);
  };
  return {
    debug: (message, fields) => write("debug", message, fields),
    info: (message, fields) => write("info", message, fields),
    warn: (message, fields) => write("warn", message, fields),
    error: (message, fields) => write("error", message, fields),
  };
}
