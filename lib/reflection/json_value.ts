/**
 * Values to JSON and back, by nothing but a description.
 *
 * @module
 */

import { counted } from "../foreign/text_of.ts";
import type {
  Description,
  FieldDescription,
  LazyDescription,
  UnionDescription,
} from "../codec/description/description.ts";
import { readDescription } from "../codec/description/read_description.ts";
import { atEdge, Problem, quote, quoteSome, wrongValue } from "../codec/format/problem.ts";
import {
  bigintFromJson,
  bytesFromJson,
  bytesToJson,
  checkDepth,
  dateFromJson,
  dynamicFromJson,
  dynamicToJson,
  floatFromJson,
  floatToJson,
  type JsonValue,
  objectFrom,
  within,
} from "./json_forms.ts";
import { laziesOf, lazyAt } from "./parts.ts";

/**
 * Makes the value that JSON stands for, such as what somebody has typed on a
 * command line. It is checked against the description; how long texts and lists
 * may be is checked when it is encoded.
 *
 * | described as | in JSON |
 * |---|---|
 * | `uint`, `int`, `boolean`, `string`, `literal`, `enumeration`, `list`, `tuple` | as it is |
 * | `float` | a number, or `"NaN"`, `"Infinity"`, `"-Infinity"`, `"-0"` |
 * | `bigint` | a text of digits, or a whole number within 53 bits |
 * | `bytes`, `raw`, a whole payload that is `custom` | base64 |
 * | `timestamp` | `"2026-01-02T03:04:05.678Z"`, with any zone, or a date alone |
 * | `record`, `union`, `map` | an object |
 * | `optional` | left out (`undefined` as a whole) |
 * | `nothing` | `undefined` or `null` |
 * | `dynamic`, a part that is `custom` | as it is; `{"$bigint":"1"}`, `{"$bytes":"AQ=="}` and `{"$float":"NaN"}` stand for what JSON does not have, `{"$object":{…}}` for an object that looks like one of them |
 *
 * @param description Made by `describe`.
 * @param json What `JSON.parse` gave; `undefined` for an absent payload.
 * @returns The value, as a codec of this description (`codecOf`) takes it.
 * @throws {InternodeError} `InvalidPayload`, naming the path of what does not fit; `InvalidArgument` for what is no description.
 *
 * @example
 * ```ts
 * import { assertEquals, assertThrows } from "@std/assert";
 * import * as t from "@internode/grid/codec";
 * import { fromJson } from "@internode/grid/reflection";
 *
 * const Entry = t.describe(t.record({ at: t.timestamp(), sizes: t.map(t.bigint()) }));
 * const json = JSON.parse(`{ "at": "2026-01-02T03:04:05Z", "sizes": { "a": "18446744073709551615" } }`);
 * assertEquals(fromJson(Entry, json), {
 *   at: new Date("2026-01-02T03:04:05Z"),
 *   sizes: new Map([["a", 2n ** 64n - 1n]]),
 * });
 * assertThrows(
 *   () => fromJson(Entry, { at: "2026-01-02", sizes: { a: "many" } }),
 *   "Cannot read JSON: sizes.a must be a text of decimal digits",
 * );
 * ```
 */
export function fromJson(description: Description, json: unknown): unknown {
  const whole = readDescription(description), reader = new JsonReader(laziesOf(whole));
  try {
    return whole.type === "custom" ? bytesFromJson(json) : reader.read(whole, json, 0);
  } catch (error) {
    throw atEdge(error, "read JSON");
  }
}

/**
 * Makes JSON of a value, such as what a handler has returned; the reverse of
 * {@linkcode fromJson}, which says what stands for what.
 *
 * @param description Made by `describe`.
 * @param value As a codec of this description (`codecOf`) gives it.
 * @returns What `JSON.stringify` takes; `undefined` for an absent payload.
 * @throws {InternodeError} `InvalidPayload`, naming the path of what does not fit; `InvalidArgument` for what is no description.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as t from "@internode/grid/codec";
 * import { toJson } from "@internode/grid/reflection";
 *
 * const Block = t.describe(t.record({ offset: t.bigint(), data: t.bytes() }));
 * const json = toJson(Block, { offset: 5n, data: new Uint8Array([1, 2, 3]) });
 * assertEquals(JSON.stringify(json), `{"offset":"5","data":"AQID"}`);
 * ```
 */
export function toJson(description: Description, value: unknown): JsonValue | undefined {
  const whole = readDescription(description), writer = new JsonWriter(laziesOf(whole));
  try {
    return whole.type === "custom" ? bytesToJson(value) : writer.write(whole, value, 0);
  } catch (error) {
    throw atEdge(error, "write JSON");
  }
}

/** JSON to values. Throws {@linkcode Problem}s. */
class JsonReader {
  readonly #lazies: ReadonlyMap<number, LazyDescription>;

  constructor(lazies: ReadonlyMap<number, LazyDescription>) {
    this.#lazies = lazies;
  }

  read(description: Description, json: unknown, depth: number): unknown {
    checkDepth(depth);
    switch (description.type) {
      case "boolean":
        return typeof json === "boolean" ? json : wrongValue(json, "true or false");
      case "uint":
        return Number.isSafeInteger(json) && json as number >= 0
          ? json
          : wrongValue(json, "a whole number from 0 to 2^53 - 1");
      case "int":
        return Number.isSafeInteger(json)
          ? json
          : wrongValue(json, "a whole number within ±(2^53 - 1)");
      case "float":
        return floatFromJson(json);
      case "bigint":
        return bigintFromJson(json);
      case "timestamp":
        return dateFromJson(json);
      case "bytes":
      case "raw":
        return bytesFromJson(json);
      case "string":
        return typeof json === "string" ? json : wrongValue(json, "a string");
      case "nothing":
        return json === undefined || json === null
          ? undefined
          : wrongValue(json, "left out, or null");
      case "literal":
        return json === description.value
          ? json
          : wrongValue(json, JSON.stringify(description.value));
      case "enumeration":
        return description.values.includes(json as string)
          ? json
          : wrongValue(json, oneOf(description.values));
      case "record":
        return this.#record(description.fields, objectFrom(json), undefined, depth);
      case "union":
        return this.#union(description, objectFrom(json), depth);
      case "list":
        return arrayFrom(json).map((item, i) =>
          within(() => this.read(description.item, item, depth + 1), i)
        );
      case "tuple":
        return this.#tuple(description.items, arrayFrom(json), depth);
      case "map":
        return new Map(
          Object.entries(objectFrom(json)).map((
            [key, item],
          ) => [key, within(() => this.read(description.item, item, depth + 1), key)]),
        );
      case "optional":
        return json === undefined ? undefined : this.read(description.value, json, depth);
      case "nullable":
        return json === null ? null : this.read(description.value, json, depth);
      case "validated":
        return this.read(description.value, json, depth);
      case "lazy":
      case "ref":
        return this.read(lazyAt(this.#lazies, description).value, json, depth);
      case "dynamic":
      case "custom":
        if (json === undefined) throw new Problem("is missing");
        return dynamicFromJson(json, depth);
    }
  }

  #tuple(items: readonly Description[], json: readonly unknown[], depth: number): unknown {
    if (json.length !== items.length) {
      throw new Problem(
        `must be an array of ${items.length}, but has ${counted(json.length, "item")}`,
      );
    }
    return items.map((item, i) => within(() => this.read(item, json[i], depth + 1), i));
  }

  #union({ tag, variants }: UnionDescription, json: Json, depth: number): unknown {
    const value = Object.hasOwn(json, tag) ? json[tag] : undefined;
    const variant = variants.find((one) => one.tag === value);
    if (variant !== undefined) return this.#record(variant.fields, json, tag, depth);
    return within(() => {
      if (value === undefined) throw new Problem("is missing");
      return wrongValue(value, oneOf(variants.map((one) => one.tag)));
    }, tag);
  }

  #record(
    fields: readonly FieldDescription[],
    json: Json,
    tag: string | undefined,
    depth: number,
  ): unknown {
    const names = new Set(fields.map(({ name }) => name));
    if (tag !== undefined) names.add(tag);
    for (const key of Object.keys(json)) {
      if (names.has(key)) continue;
      const known = names.size === 0 ? "there are no fields" : `its fields are ${quoteSome(names)}`;
      throw new Problem(`has the field ${quote(key)}, which its contract does not know; ${known}`);
    }
    const entries: [string, unknown][] = tag === undefined ? [] : [[tag, json[tag]]];
    for (const { name, optional, value } of fields) {
      if (Object.hasOwn(json, name)) {
        entries.push([name, within(() => this.read(value, json[name], depth + 1), name)]);
      } else if (optional !== true) {
        within(() => {
          throw new Problem("is missing");
        }, name);
      }
    }
    return Object.fromEntries(entries);
  }
}

type Json = { readonly [key: string]: unknown };

function arrayFrom(json: unknown): readonly unknown[] {
  return Array.isArray(json) ? json : wrongValue(json, "an array");
}

function oneOf(values: readonly string[]): string {
  return `one of ${quoteSome(values)}`;
}

/** Values to JSON. Throws {@linkcode Problem}s. */
class JsonWriter {
  readonly #lazies: ReadonlyMap<number, LazyDescription>;

  constructor(lazies: ReadonlyMap<number, LazyDescription>) {
    this.#lazies = lazies;
  }

  write(description: Description, value: unknown, depth: number): JsonValue | undefined {
    if (description.type === "nothing") return undefined;
    if (description.type === "optional" && value === undefined) return undefined;
    return this.#part(description, value, depth);
  }

  #part(description: Description, value: unknown, depth: number): JsonValue {
    checkDepth(depth);
    switch (description.type) {
      case "uint":
      case "int":
      case "float":
        return typeof value === "number" ? floatToJson(value) : wrongValue(value, "a number");
      case "boolean":
      case "string":
      case "literal":
      case "enumeration":
        return typeof value === "string" || typeof value === "boolean" || typeof value === "number"
          ? value
          : wrongValue(value, `a ${description.type}`);
      case "bigint":
        return typeof value === "bigint" ? String(value) : wrongValue(value, "a bigint");
      case "timestamp":
        return value instanceof Date && !Number.isNaN(value.getTime())
          ? value.toISOString()
          : wrongValue(value, "a Date");
      case "bytes":
      case "raw":
        return bytesToJson(value);
      case "record":
        return this.#record(description.fields, objectFrom(value), undefined, depth);
      case "union": {
        const object = objectFrom(value), { tag } = description;
        const variant = description.variants.find((one) => one.tag === object[tag]);
        if (variant !== undefined) return this.#record(variant.fields, object, tag, depth);
        return within(
          () => wrongValue(object[tag], oneOf(description.variants.map((one) => one.tag))),
          tag,
        );
      }
      case "list":
        return arrayFrom(value).map((item, i) =>
          within(() => this.#part(description.item, item, depth + 1), i)
        );
      case "tuple":
        return arrayFrom(value).map((item, i) =>
          within(() => this.#part(description.items[i] ?? ANY, item, depth + 1), i)
        );
      case "map":
        if (!(value instanceof Map)) return wrongValue(value, "a Map");
        return Object.fromEntries(
          [...value as Map<string, unknown>].map((
            [key, item],
          ) => [key, within(() => this.#part(description.item, item, depth + 1), key)]),
        );
      case "nullable":
        return value === null ? null : this.#part(description.value, value, depth);
      case "optional":
      case "validated":
        return this.#part(description.value, value, depth);
      case "lazy":
      case "ref":
        return this.#part(lazyAt(this.#lazies, description).value, value, depth);
      case "nothing":
        return null;
      case "dynamic":
      case "custom":
        return dynamicToJson(value, depth);
    }
  }

  #record(
    fields: readonly FieldDescription[],
    value: Json,
    tag: string | undefined,
    depth: number,
  ): JsonValue {
    const entries: [string, JsonValue][] = tag === undefined ? [] : [[tag, value[tag] as string]];
    for (const { name, optional, value: part } of fields) {
      const given = Object.hasOwn(value, name) ? value[name] : undefined;
      if (given === undefined && optional === true) continue;
      entries.push([name, within(() => this.#part(part, given, depth + 1), name)]);
    }
    return Object.fromEntries(entries);
  }
}

const ANY: Description = { type: "custom" };
