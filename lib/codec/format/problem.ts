/**
 * What does not fit, and where: thrown inside codecs, turned into an
 * `InternodeError` at their edge.
 *
 * @module
 */

import { InternodeError } from "../../errors.ts";
import { plainText, quoted } from "../../foreign/plain_text.ts";

const MAX_SHOWN_CHARACTERS = 40;

/**
 * Something that does not fit. Not an `Error`: it has no stack to collect,
 * and each container on its way out puts its own step before the path.
 */
export class Problem {
  /** Where, from the container that last caught it: `.resources[3].name`. Empty: the value itself. */
  path = "";
  /** Completes a sentence that starts with the path, such as `must be a string, but is nil`. */
  readonly what: string;

  /** @param what Completes a sentence that starts with the path. */
  constructor(what: string) {
    this.what = what;
  }
}

/** Whether that is one. Never throws: what a getter throws may be a proxy that does not let itself be looked at. */
export function isProblem(thrown: unknown): thrown is Problem {
  try {
    return thrown instanceof Problem;
  } catch {
    return false;
  }
}

/**
 * What a record rethrows when one of its fields failed.
 *
 * @param error What was caught; anything but a {@linkcode Problem} passes unchanged.
 * @param name The field, or a map's key.
 * @returns The thing to throw.
 */
export function inField(error: unknown, name: string): unknown {
  if (isProblem(error)) error.path = fieldStep(name) + error.path;
  return error;
}

/**
 * What a list rethrows when one of its items failed.
 *
 * @param error What was caught; anything but a {@linkcode Problem} passes unchanged.
 * @param index The item's.
 * @returns The thing to throw.
 */
export function inItem(error: unknown, index: number): unknown {
  if (isProblem(error)) error.path = `[${index}]${error.path}`;
  return error;
}

/**
 * How a path goes on into a field.
 *
 * @param name The field, or a map's key.
 * @returns `.name`, or `["odd name"]` in quotes and shortened.
 */
export function fieldStep(name: string): string {
  return /^[\w$]{1,40}$/.test(name) ? `.${name}` : `[${quote(name)}]`;
}

/** What is done with a value, as errors say it. */
export type Doing = "encode" | "decode" | "read JSON" | "write JSON";

/**
 * The error that users see.
 *
 * @param error What was caught; anything but a {@linkcode Problem} passes unchanged.
 * @param doing What was being done.
 * @returns The thing to throw: an `InternodeError` of code `InvalidPayload`.
 */
export function atEdge(error: unknown, doing: Doing): unknown {
  if (!(isProblem(error))) return error;
  const path = error.path.startsWith(".") ? error.path.slice(1) : error.path;
  return new InternodeError(
    "InvalidPayload",
    `Cannot ${doing}: ${path === "" ? "the value" : path} ${error.what}.`,
    { origin: doing === "decode" ? "remote" : "caller" },
  );
}

/**
 * Fails because of a value's JavaScript type.
 *
 * @param value The value found.
 * @param wanted What it must be, with its article: `a string`.
 */
export function wrongValue(value: unknown, wanted: string): never {
  throw new Problem(`must be ${wanted}, but is ${describeValue(value)}`);
}

/**
 * Says what a value is, for messages.
 *
 * @param value Any value.
 * @returns Such as `the number 5`, `null` or `a Date`.
 */
export function describeValue(value: unknown): string {
  switch (typeof value) {
    case "string":
      return `the string ${quote(value)}`;
    case "number":
      return `the number ${value}`;
    case "bigint":
      return `the bigint ${shorten(String(value))}`;
    case "boolean":
      return `${value}`;
    case "object":
      return value === null ? "null" : Array.isArray(value) ? "an array" : describeObject(value);
    case "function":
    case "symbol":
      return `a ${typeof value}`;
    default:
      return "undefined";
  }
}

function describeObject(value: object): string {
  const constructor = Object.getPrototypeOf(value)?.constructor;
  const name = typeof constructor === "function" ? constructor.name : "";
  return name === "" || name === "Object" ? "an object" : `an object of class ${shorten(name)}`;
}

/**
 * A text as it stands in messages.
 *
 * @param text Any text.
 * @returns It in quotes, shortened if it is long.
 */
export function quote(text: string): string {
  return quoted(text, MAX_SHOWN_CHARACTERS);
}

/**
 * Texts as they stand in messages.
 *
 * @param texts Any texts.
 * @returns The first ten of them in quotes.
 */
export function quoteSome(texts: Iterable<string>): string {
  const all = [...texts];
  return `${all.slice(0, 10).map(quote).join(", ")}${all.length > 10 ? ", …" : ""}`;
}

function shorten(text: string): string {
  const shown = plainText(text, MAX_SHOWN_CHARACTERS);
  return text.length <= MAX_SHOWN_CHARACTERS ? shown : `${shown}…`;
}
