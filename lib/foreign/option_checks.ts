/**
 * Checks of options. Only `undefined` stands for an option that is left out.
 *
 * @module
 */

import { type InternodeError, invalidArgument } from "../errors.ts";
import { guard } from "./guard.ts";
import { nearest } from "./nearest.ts";
import { quoted } from "./plain_text.ts";
import { shown } from "./text_of.ts";

/**
 * Checks that options as a whole are an object.
 *
 * @param of Whose they are, such as `"connect"`.
 * @throws {InternodeError} `InvalidArgument`.
 */
export function optionsOf<T extends object>(of: string, given: T): T {
  if (isObject(given)) return given;
  throw invalidArgument(`The options of ${of} must be an object, not ${shown(given)}.`);
}

/** The names of options, all of them. */
export type NamesOf<T extends object> = { readonly [Name in keyof T]-?: true };

/**
 * The same, and that it has no other names than these: a misspelt one would
 * have no effect.
 *
 * @throws {InternodeError} `InvalidArgument`, naming the one that is most likely meant.
 */
export function knownOptionsOf<T extends object>(of: string, given: T, names: NamesOf<T>): T {
  const stray = strayName(optionsOf(of, given), names);
  if (stray === null) return given;
  throw invalidArgument(`The options of ${of} have ${stray}.`);
}

/** What is said of a name that options do not have, such as `no "share" (is shared meant?)`; `null`: there is none. */
export function strayName<T extends object>(given: T, names: NamesOf<T>): string | null {
  const known = Object.keys(names);
  const has = (name: string): boolean => given[name as keyof T] !== undefined;
  const stray = guard(
    () => Object.keys(given).find((name) => !Object.hasOwn(names, name) && has(name)),
    () => undefined,
  );
  if (stray === undefined) return null;
  const meant = nearest(stray, known) ??
    known.find((name) => stray.startsWith(name) || name.startsWith(stray));
  const advice = meant === undefined ? `there are: ${known.join(", ")}` : `is ${meant} meant?`;
  return `no ${quoted(stray)} (${advice})`;
}

/**
 * Checks that an option is a number above 0.
 *
 * @throws {InternodeError} `InvalidArgument`, naming the option.
 */
export function positive(name: string, value: number | undefined, fallback: number): number {
  if (value === undefined) return fallback;
  if (typeof value === "number" && value > 0) return value;
  throw invalidOption(name, `must be a number above 0, not ${shown(value)}`);
}

/**
 * Checks that an option is a finite number, 0 or above.
 *
 * @throws {InternodeError} `InvalidArgument`, naming the option.
 */
export function notNegative(name: string, value: number | undefined, fallback: number): number {
  if (value === undefined) return fallback;
  if (typeof value === "number" && value >= 0 && value < Infinity) return value;
  throw invalidOption(name, `must be a number of 0 or more, not ${shown(value)}`);
}

/**
 * Checks that an option is a finite number.
 *
 * @throws {InternodeError} `InvalidArgument`, naming the option.
 */
export function finite(name: string, value: number | undefined, fallback: number): number {
  if (value === undefined) return fallback;
  if (Number.isFinite(value)) return value;
  throw invalidOption(name, `must be a finite number, not ${shown(value)}`);
}

/**
 * Checks that an option is a whole number within bounds.
 *
 * @throws {InternodeError} `InvalidArgument`, naming the option.
 */
export function wholeNumber(
  name: string,
  value: number,
  least: number,
  most: number = Infinity,
): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  const range = most === Infinity ? `of at least ${least}` : `from ${least} to ${most}`;
  throw invalidOption(name, `must be a whole number ${range}, not ${shown(value)}`);
}

/**
 * Checks that an option is `true` or `false`.
 *
 * @throws {InternodeError} `InvalidArgument`, naming the option.
 */
export function flag(name: string, value: boolean | undefined, fallback: boolean): boolean {
  if (value === undefined) return fallback;
  if (typeof value === "boolean") return value;
  throw invalidOption(name, `must be true or false, not ${shown(value)}`);
}

/**
 * Checks that an option is a string.
 *
 * @throws {InternodeError} `InvalidArgument`, naming the option.
 */
export function text(name: string, value: string): string {
  if (typeof value === "string") return value;
  throw invalidOption(name, `must be a string, not ${shown(value)}`);
}

/**
 * Checks that an option is a function.
 *
 * @throws {InternodeError} `InvalidArgument`, naming the option.
 */
// deno-lint-ignore no-explicit-any -- any function
export function func<T extends (...args: any[]) => unknown>(name: string, value: T): T {
  if (typeof value === "function") return value;
  throw invalidOption(name, `must be a function, not ${shown(value)}`);
}

/**
 * Checks that an option of several fields is an object.
 *
 * @throws {InternodeError} `InvalidArgument`, naming the option.
 */
export function fields<T>(name: string, value: T | undefined): T | undefined {
  if (value === undefined || isObject(value)) return value;
  throw invalidOption(name, `must be an object with its fields, not ${shown(value)}`);
}

/**
 * Checks that an option is an object with these methods.
 *
 * @throws {InternodeError} `InvalidArgument`, naming the option.
 */
export function withMethods<T extends object>(
  name: string,
  value: T,
  ...methods: readonly (keyof T & string)[]
): T {
  for (const method of methods) {
    if (guard(() => typeof value[method] === "function", () => false)) continue;
    throw invalidOption(name, `must be an object with the method ${method}`);
  }
  return value;
}

/** Says what is wrong with an option. */
export function invalidOption(name: string, why: string): InternodeError {
  return invalidArgument(`Option ${name} ${why}.`);
}

function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
