/**
 * Settings in force, without secrets.
 *
 * @module
 */

import type { PlainOption, PlainOptions } from "./inspection.ts";

/** What every face has, given or not. */
const ALWAYS: ReadonlySet<string> = new Set(["logger", "clock", "random"]);

/**
 * The settings that may be shown. Numbers and flags always may, also in groups.
 * A text may hold a secret, so only those named may be shown. Of any other
 * value, such as the object that proves a secret, only that it is there.
 *
 * @param settings All settings, with everything filled in.
 * @param texts The names of those that are texts, or lists of texts, and no secrets.
 */
export function plainOptions(settings: object, texts: readonly string[]): PlainOptions {
  const shown: Record<string, PlainOption> = {};
  for (const [name, value] of Object.entries(settings)) {
    if (ALWAYS.has(name)) continue;
    const option = plainOption(value, texts.includes(name), texts);
    if (option !== undefined) shown[name] = option;
  }
  return shown;
}

function plainOption(
  value: unknown,
  isPlain: boolean,
  texts: readonly string[],
): PlainOption | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === "number" || typeof value === "boolean") return value;
  if (isPlain && typeof value === "string") return value;
  if (isPlain && isTexts(value)) return [...value];
  return isGroup(value) ? plainOptions(value, texts) : true;
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((each) => typeof each === "string");
}

/** A group of settings has values only; whatever can do something is an object of the user's. */
function isGroup(value: unknown): value is object {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return false;
  return Object.values(value).every((each) => typeof each !== "function" && !isNested(each));
}

function isNested(value: unknown): boolean {
  return typeof value === "object" && value !== null && !isTexts(value);
}
