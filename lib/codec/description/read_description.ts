/**
 * Descriptions from outside: of another version, of a file, of a user's codec.
 *
 * @module
 */

import { type InternodeError, invalidArgument } from "../../errors.ts";
import { plainText } from "../../foreign/plain_text.ts";
import { shown } from "../../foreign/text_of.ts";
import type { Description, FieldDescription, VariantDescription } from "./description.ts";

/** How deep descriptions may be nested, so that the stack is never in danger. */
export const MAX_DESCRIPTION_DEPTH = 500;
/** The longest docs, in UTF-16 units. */
export const MAX_DOCS = 4_096;

/**
 * Checks a description from outside, such as one that JSON has carried. What
 * is left of it is what this version knows: a part of a type that it does not
 * know becomes `custom`, with that type as its `kind`, and properties that it
 * does not know are left out.
 *
 * @param value Anything.
 * @returns The description, with nothing of `value` in it.
 * @throws {InternodeError} `InvalidArgument`, naming the path of what does not fit.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { readDescription } from "@internode/grid/reflection";
 *
 * assertEquals(readDescription({ type: "list", item: { type: "uint" }, maxItems: 3 }), {
 *   type: "list",
 *   item: { type: "uint" },
 *   maxItems: 3,
 * });
 * assertEquals(readDescription({ type: "matrix", rows: 3 }), { type: "custom", kind: "matrix" });
 * ```
 */
export function readDescription(value: unknown): Description {
  return readPart(value, "the description", 0);
}

/**
 * The same for a part of something.
 *
 * @param where What it is, for messages.
 * @param depth How many parts are around it.
 */
function readPart(value: unknown, where: string, depth: number): Description {
  if (depth > MAX_DESCRIPTION_DEPTH) {
    throw invalidArgument(`A description may have at most ${MAX_DESCRIPTION_DEPTH} levels.`);
  }
  const given = objectAt(value, where);
  const next = (key: string): Description => readPart(given[key], `${where}.${key}`, depth + 1);
  const description = readKind(textAt(given, "type", where), given, where, depth, next);
  return { ...description, ...docsAt(given, where) };
}

function readKind(
  type: string,
  given: Given,
  where: string,
  depth: number,
  next: (key: string) => Description,
): Description {
  switch (type) {
    case "boolean":
    case "uint":
    case "int":
    case "float":
    case "bigint":
    case "timestamp":
    case "raw":
    case "nothing":
      return { type };
    case "string":
    case "bytes":
      return given["maxBytes"] === undefined
        ? { type }
        : { type, maxBytes: countAt(given, "maxBytes", where) };
    case "literal":
      return { type, value: constantAt(given, where) };
    case "enumeration": {
      const values = itemsAt(given, "values", where);
      if (values.length === 0) {
        throw unfit(`${where}.values`, "a list of at least one text", values);
      }
      return {
        type,
        values: values.map((text, i) => textOr(text, `${where}.values[${i}]`)),
      };
    }
    case "record":
      return { type, fields: readFields(given, where, depth) };
    case "union":
      return {
        type,
        tag: textAt(given, "tag", where),
        variants: itemsAt(given, "variants", where).map((variant, i): VariantDescription => {
          const place = `${where}.variants[${i}]`, one = objectAt(variant, place);
          return {
            tag: textAt(one, "tag", place),
            ...docsAt(one, place),
            fields: readFields(one, place, depth),
          };
        }),
      };
    case "list":
    case "map":
      return { type, item: next("item"), maxItems: countAt(given, "maxItems", where) };
    case "tuple":
      return {
        type,
        items: itemsAt(given, "items", where).map((item, i) =>
          readPart(item, `${where}.items[${i}]`, depth + 1)
        ),
      };
    case "optional":
    case "nullable":
      return { type, value: next("value") };
    case "validated":
      return { type, value: next("value"), vendor: textAt(given, "vendor", where) };
    case "lazy":
      return {
        type,
        id: countAt(given, "id", where),
        value: next("value"),
        maxDepth: countAt(given, "maxDepth", where),
        maxItems: countAt(given, "maxItems", where),
      };
    case "ref":
      return { type, id: countAt(given, "id", where) };
    case "dynamic":
      return {
        type,
        maxDepth: countAt(given, "maxDepth", where),
        maxItems: countAt(given, "maxItems", where),
      };
    case "custom":
      return given["kind"] === undefined ? { type } : { type, kind: textAt(given, "kind", where) };
    default:
      return { type: "custom", kind: plainText(type, 255) };
  }
}

function readFields(given: Given, where: string, depth: number): FieldDescription[] {
  return itemsAt(given, "fields", where).map((field, i) => {
    const place = `${where}.fields[${i}]`, one = objectAt(field, place);
    return {
      name: textAt(one, "name", place),
      ...(one["optional"] === true ? { optional: true } : {}),
      ...docsAt(one, place),
      value: readPart(one["value"], `${place}.value`, depth + 1),
    };
  });
}

/** An object from outside. */
export type Given = { readonly [key: string]: unknown };

/** An object. @throws {InternodeError} `InvalidArgument` for anything else. */
export function objectAt(value: unknown, where: string): Given {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Given;
  throw unfit(where, "an object", value);
}

/** A list that is a property. @throws {InternodeError} `InvalidArgument` for anything else. */
export function itemsAt(given: Given, key: string, where: string): readonly unknown[] {
  const value = given[key];
  if (Array.isArray(value)) return value;
  throw unfit(`${where}.${key}`, "a list", value);
}

/** A text that is a property. @throws {InternodeError} `InvalidArgument` for anything else. */
export function textAt(given: Given, key: string, where: string): string {
  return textOr(given[key], `${where}.${key}`);
}

/** A whole number of 0 or more that is a property. @throws {InternodeError} `InvalidArgument` for anything else. */
export function countAt(given: Given, key: string, where: string): number {
  const value = given[key];
  if (Number.isSafeInteger(value) && value as number >= 0) return value as number;
  throw unfit(`${where}.${key}`, "a whole number of at least 0", value);
}

/** The docs, if there are any, as a property to be spread. @throws {InternodeError} `InvalidArgument` for docs that are no text. */
export function docsAt(given: Given, where: string): { docs?: string } {
  if (given["docs"] === undefined) return {};
  return { docs: textAt(given, "docs", where).slice(0, MAX_DOCS) };
}

function textOr(value: unknown, where: string): string {
  if (typeof value === "string") return value;
  throw unfit(where, "a text", value);
}

function constantAt(given: Given, where: string): string | number | boolean {
  const { ["value"]: value } = given;
  if (typeof value === "string" || typeof value === "boolean") return value;
  if (typeof value === "number" && Number.isFinite(value)) return value;
  throw unfit(`${where}.value`, "a text, a finite number or a boolean", value);
}

function unfit(where: string, wanted: string, value: unknown): InternodeError {
  return invalidArgument(
    `Cannot read a description: ${where} must be ${wanted}, not ${shown(value)}.`,
  );
}
