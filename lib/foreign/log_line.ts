/**
 * Log lines for people: one line each.
 *
 * @module
 */

import { guard } from "./guard.ts";
import type { LogEvent, LogFields, LogLevel } from "./log_event.ts";
import { isError, isOwnError } from "./own_error.ts";
import { plainText } from "./plain_text.ts";
import { messageOf } from "./text_of.ts";

/** How many errors are told of: the one that is logged, and causes of it. */
const MAX_ERRORS = 8;
/** The longest text of a field, in UTF-16 units. */
const MAX_VALUE = 200;

/** What users' code, or a fault of this library, has thrown: where that was is what helps. */
const OF_CODE: ReadonlySet<LogEvent> = new Set<LogEvent>([
  "authenticator_failed",
  "balancer_failed",
  "callback_failed",
  "handler_failed",
  "internal_error",
  "transport_failed",
]);

/**
 * One line of a message and its fields: the message, with those of the error
 * and its causes that it does not contain yet, then the fields as `name=value`.
 * Those that would say the same again are left out.
 *
 * @param message The message.
 * @param fields What comes beside it.
 */
export function logLine(message: string, fields: LogFields): string {
  let text = message;
  let error = fields.error;
  for (let depth = 0; depth < MAX_ERRORS && error !== undefined; depth++) {
    const told = messageOf(error);
    if (!text.includes(told)) text += ` (${told})`;
    error = guard((): unknown => isError(error) ? error.cause : undefined, () => undefined);
  }
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined || value === "" || name === "error") continue;
    if (name === "reason" && text.includes(messageOf(value))) continue;
    text += ` ${name}=${shownValue(value)}`;
  }
  return text;
}

/**
 * Whether what was thrown is shown with its stack: what users' code or a fault
 * of this library has thrown. This library's own errors and what the system
 * says of files and networks are understood without.
 *
 * @param level The level of the line.
 * @param fields What comes beside its message.
 */
export function needsStack(level: LogLevel, { event, error }: LogFields): boolean {
  if (!isError(error)) return false;
  // The error of a handler, where somebody has asked for the ends of calls.
  if (event === "call_ended") return !isOwnError(error);
  return (level === "error" || level === "debug") && (OF_CODE.has(event) || !isOwnError(error));
}

function shownValue(value: unknown): string {
  const text = guard(
    () => typeof value === "string" ? value : JSON.stringify(value) ?? "",
    () => "",
  );
  const plain = plainText(text, MAX_VALUE);
  return typeof value === "string" && /[\s"=]/.test(plain) ? JSON.stringify(plain) : plain;
}
