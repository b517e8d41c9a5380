/**
 * What comes beside the text of a log line, as it may be shown.
 *
 * @module
 */

import { guard } from "./guard.ts";
import type { LogFields } from "./log_event.ts";
import { isError } from "./own_error.ts";
import { isPlain, MAX_FOREIGN_TEXT, plainText } from "./plain_text.ts";

/** How deep causes of an error are looked at. */
const MAX_CAUSES = 8;

/**
 * Fields whose texts are plain. An error whose message, or that of a cause, is
 * not plain is stood in for by a copy of the same class, as what prints it
 * would print its message too.
 *
 * @param fields What comes beside a log line.
 * @returns The same fields if there is nothing to change.
 */
export function plainFields(fields: LogFields): LogFields {
  const changed: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields)) {
    const plain = plainValue(value);
    if (plain !== value) changed[name] = plain;
  }
  return Object.keys(changed).length === 0 ? fields : { ...fields, ...changed };
}

function plainValue(value: unknown, depth: number = MAX_CAUSES): unknown {
  if (typeof value === "string") return plainText(value);
  // What cannot be looked at, such as a proxy that was revoked, is no text of a peer's.
  return guard((): unknown => {
    if (Array.isArray(value)) return plainItems(value);
    return isError(value) ? plainError(value, depth) : value;
  }, () => value);
}

function plainItems(items: readonly unknown[]): readonly unknown[] {
  const plain = items.map((item) => typeof item === "string" ? plainText(item) : item);
  return plain.every((item, i) => item === items[i]) ? items : plain;
}

function plainError(error: Error, depth: number): Error {
  const { message, cause } = error;
  // What lies deeper is looked at by nobody: it is left out where something was changed above it.
  const plainCause = depth > 0 ? plainValue(cause, depth - 1) : undefined;
  if (message.length <= MAX_FOREIGN_TEXT && isPlain(message)) {
    if (depth === 0 || plainCause === cause) return error;
  }
  const copy = new Error(plainText(message));
  Object.setPrototypeOf(copy, Object.getPrototypeOf(error));
  for (const [name, value] of Object.entries(error)) {
    if (!isError(value)) define(copy, name, plainValue(value));
  }
  define(copy, "stack", plainStack(error, copy.message));
  if (plainCause !== undefined) define(copy, "cause", plainCause);
  return copy;
}

/** The lines of a stack that tell places. What stands before them is the message. */
function plainStack({ name, stack, message }: Error, plain: string): string {
  const text = String(stack), begin = text.indexOf(message);
  const places = text.slice(begin < 0 ? 0 : begin + message.length).split("\n")
    .filter((line) => line.startsWith("    at ")).map((line) => plainText(line));
  return [`${plainText(name)}: ${plain}`, ...places].join("\n");
}

function define(copy: Error, name: string, value: unknown): void {
  Object.defineProperty(copy, name, { value, configurable: true, writable: true });
}
