/**
 * Checks of options. Only `undefined` stands for an option that is left out.
 *
 * @module
 */

import { type InternodeError, invalidArgument } from "../errors.ts";
import { guard } from "./guard.ts";
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
