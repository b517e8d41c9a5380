/**
 * How values that JSON does not have stand in it.
 *
 * @module
 */

import { inField, inItem, Problem, wrongValue } from "../codec/format/problem.ts";
import { base64Of, bytesOfBase64 } from "../runtime/base64.ts";

/** A value that JSON has. */
export type JsonValue =
  | null
  | boolean
  | number
  | string
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue };

/** Whole numbers of any size, as texts; 1,024 bytes have at most 2,466 digits. */
export const BIGINT_PATTERN = "^-?[0-9]{1,2467}$";
/** Points in time: a date of the ISO 8601 calendar, and mostly a time with its zone. */
export const TIMESTAMP_PATTERN =
  "^([0-9]{4}|[+-][0-9]{6})-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,9})?)?(Z|[+-][0-9]{2}:[0-9]{2}))?$";

const bigintPattern = new RegExp(BIGINT_PATTERN);
const timestampPattern = new RegExp(TIMESTAMP_PATTERN);

/** How deep JSON may be nested, so that the stack is never in danger. */
export const MAX_JSON_DEPTH = 1_000;

/** A float. */
export function floatToJson(value: number): JsonValue {
  if (Object.is(value, -0)) return "-0";
  return Number.isFinite(value) ? value : String(value);
}

/** The reverse. */
export function floatFromJson(json: unknown): number {
  if (typeof json === "number") return json;
  switch (json) {
    case "NaN":
    case "Infinity":
    case "-Infinity":
    case "-0":
      return Number(json);
    default:
      return wrongValue(json, `a number, "NaN", "Infinity", "-Infinity" or "-0"`);
  }
}

/** A whole number of any size. */
export function bigintFromJson(json: unknown): bigint {
  if (typeof json === "string" && bigintPattern.test(json)) return BigInt(json);
  if (Number.isSafeInteger(json)) return BigInt(json as number);
  return wrongValue(
    json,
    `a text of decimal digits, such as "-12", or a whole number within 53 bits`,
  );
}

/** A date. */
export function dateFromJson(json: unknown): Date {
  const wanted = `a time such as "2026-01-02T03:04:05Z"`;
  if (typeof json !== "string" || !timestampPattern.test(json)) return wrongValue(json, wanted);
  const date = new Date(json), day = json.slice(0, json.indexOf("-", 1) + 6);
  const midnight = new Date(`${day}T00:00:00Z`).getTime();
  // JavaScript takes 30 February for 2 March.
  if (
    Number.isNaN(date.getTime()) || Number.isNaN(midnight) ||
    !new Date(midnight).toISOString().startsWith(day)
  ) {
    return wrongValue(json, `${wanted}, and exist`);
  }
  return date;
}

/** Bytes. */
export function bytesToJson(value: unknown): string {
  if (!(value instanceof Uint8Array)) return wrongValue(value, "a Uint8Array");
  return base64Of(value);
}

/** The reverse. */
export function bytesFromJson(json: unknown): Uint8Array {
  if (typeof json === "string") {
    try {
      return bytesOfBase64(json);
    } catch {
      // Said below.
    }
  }
  return wrongValue(json, "bytes as base64");
}

/** What stands for a value of `dynamic()` that JSON does not have: an object with one of these keys alone. */
const ESCAPES = new Set(["$bigint", "$bytes", "$float", "$object"]);

/** A value of `dynamic()`. */
export function dynamicToJson(value: unknown, depth: number): JsonValue {
  checkDepth(depth);
  switch (typeof value) {
    case "boolean":
    case "string":
      return value;
    case "number": {
      const json = floatToJson(value);
      return typeof json === "number" ? json : { $float: json };
    }
    case "bigint":
      return { $bigint: String(value) };
    case "object":
      break;
    default:
      return wrongValue(value, "a plain value");
  }
  if (value === null) return null;
  if (value instanceof Uint8Array) return { $bytes: bytesToJson(value) };
  if (Array.isArray(value)) return value.map((item) => dynamicToJson(item, depth + 1));
  const object = Object.fromEntries(
    Object.entries(value).map(([key, part]) => [key, dynamicToJson(part, depth + 1)]),
  );
  const keys = Object.keys(object);
  return keys.length === 1 && ESCAPES.has(keys[0]!) ? { $object: object } : object;
}

/** The reverse. */
export function dynamicFromJson(json: unknown, depth: number): unknown {
  checkDepth(depth);
  if (typeof json !== "object" || json === null) return json;
  if (Array.isArray(json)) {
    return json.map((item, i) => within(() => dynamicFromJson(item, depth + 1), i));
  }
  const entries = Object.entries(json);
  if (entries.length === 1) {
    const [key, part] = entries[0]!;
    switch (key) {
      case "$bigint":
        return within(() => bigintFromJson(part), key);
      case "$bytes":
        return within(() => bytesFromJson(part), key);
      case "$float":
        return within(() => floatFromJson(part), key);
      case "$object":
        return within(() => plainObject(objectFrom(part), depth + 1), key);
    }
  }
  return plainObject(json as { [key: string]: unknown }, depth);
}

function plainObject(object: { readonly [key: string]: unknown }, depth: number): unknown {
  return Object.fromEntries(
    Object.entries(object).map((
      [key, part],
    ) => [key, within(() => dynamicFromJson(part, depth + 1), key)]),
  );
}

/** An object of JSON. Throws a `Problem` for anything else. */
export function objectFrom(json: unknown): { readonly [key: string]: unknown } {
  if (typeof json === "object" && json !== null && !Array.isArray(json)) {
    return json as { readonly [key: string]: unknown };
  }
  return wrongValue(json, "an object");
}

/** Throws a `Problem` for a value that is nested too deep. */
export function checkDepth(depth: number): void {
  if (depth <= MAX_JSON_DEPTH) return;
  throw new Problem(`is nested deeper than the ${MAX_JSON_DEPTH} levels that are allowed`);
}

/** Does something with a part; what goes wrong is told with its place. */
export function within<T>(action: () => T, place: string | number): T {
  try {
    return action();
  } catch (error) {
    throw typeof place === "number" ? inItem(error, place) : inField(error, place);
  }
}
