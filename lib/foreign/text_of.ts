/**
 * The text of whatever was thrown, rejected with or given as a reason.
 *
 * @module
 */

import { MAX_FOREIGN_TEXT, plainText, quoted } from "./plain_text.ts";

/** What stands for a value that has no text, or that throws when it is asked for one. */
const NO_TEXT = "a value that cannot be shown as text";

/**
 * The text of anything: an error's message, or its name if that is empty; of
 * other values the message if they have one, else what `String` makes of them;
 * on one line, as {@linkcode plainText} gives it. Never throws, whatever the value's getters and methods do: what user code has
 * thrown may be a proxy, an object without prototype or an error of another realm.
 *
 * @param thrown Anything.
 * @param maxLength The most characters given. Default: {@linkcode MAX_FOREIGN_TEXT}.
 * @returns The text, never empty.
 */
export function textOf(thrown: unknown, maxLength: number = MAX_FOREIGN_TEXT): string {
  const message = textProperty(thrown, "message") || textProperty(thrown, "name");
  const text = message === "" ? stringOf(thrown) : message;
  return plainText(text, maxLength) || NO_TEXT;
}

/**
 * The same without a full stop at its end: for texts that go on behind it.
 *
 * @param thrown An error, or anything.
 */
export function messageOf(thrown: unknown): string {
  return textOf(thrown).replace(/\.$/, "");
}

/**
 * A text that ends as a sentence does, once. For texts that are put together
 * of others: what comes from the system mostly has no full stop, and what comes
 * from this library has one.
 *
 * @param text Such as an error's message.
 */
export function sentence(text: string): string {
  const end = text.trimEnd();
  return /[.!?…]$/.test(end) ? end : `${end}.`;
}

/**
 * A number of things: `"1 call"`, `"2 calls"`.
 *
 * @param count How many.
 * @param noun What one of them is called; it takes an s.
 */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

/**
 * The verb that goes with a number of things: `"is"` or `"are"`.
 *
 * @param count How many.
 */
export function are(count: number): string {
  return count === 1 ? "is" : "are";
}

/**
 * What an error is called: its `name`, such as `"TypeError"`. Never throws.
 *
 * @param thrown Anything.
 * @returns At most {@linkcode MAX_FOREIGN_TEXT} characters; `"Error"` for what has no name.
 */
export function nameOf(thrown: unknown): string {
  return plainText(textProperty(thrown, "name")) || "Error";
}

/** A property that holds a text; `""` if it holds none, if there is none, or if reading it throws. */
function textProperty(value: unknown, key: "message" | "name"): string {
  if (typeof value !== "object" || value === null) return "";
  try {
    const text: unknown = (value as Readonly<Record<typeof key, unknown>>)[key];
    return typeof text === "string" ? text : "";
  } catch {
    return "";
  }
}

/** A value that was refused, for the error that says so: texts in quotes and big integers with their `n`, as `"5"` and `5n` are no numbers. Never throws. */
export function shown(value: unknown): string {
  if (typeof value === "bigint") return `${textOf(value, 100)}n`;
  return typeof value === "string" ? quoted(value) : textOf(value, 100);
}

function stringOf(value: unknown): string {
  try {
    return String(value);
  } catch {
    return "";
  }
}
