/**
 * JSON Schemas out of descriptions.
 *
 * @module
 */

import type {
  Description,
  FieldDescription,
  LazyDescription,
} from "../codec/description/description.ts";
import { readDescription } from "../codec/description/read_description.ts";
import { BIGINT_PATTERN, TIMESTAMP_PATTERN } from "./json_forms.ts";
import { laziesOf } from "./parts.ts";

/** A JSON Schema, or a part of one. */
export type JsonSchema = { readonly [keyword: string]: unknown };

/**
 * Makes a JSON Schema (draft 2020-12) of a description: that of values as
 * {@linkcode toJson} gives them and {@linkcode fromJson} takes them. Docs are
 * its `description`s.
 *
 * JSON Schema counts characters where codecs count bytes of UTF-8, so a text
 * that fits it may still be too long.
 *
 * @param description Made by `describe`.
 * @returns The schema, a plain value.
 * @throws {InternodeError} `InvalidArgument` for what is no description.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as t from "@internode/grid/codec";
 * import { jsonSchema } from "@internode/grid/reflection";
 *
 * const Lock = t.record({ uid: t.string({ maxBytes: 36 }), wait: t.optional(t.boolean()) });
 * assertEquals(jsonSchema(t.describe(Lock)), {
 *   $schema: "https://json-schema.org/draft/2020-12/schema",
 *   type: "object",
 *   properties: { uid: { type: "string", maxLength: 36 }, wait: { type: "boolean" } },
 *   required: ["uid"],
 *   additionalProperties: false,
 * });
 * ```
 */
export function jsonSchema(description: Description): JsonSchema {
  const whole = readDescription(description), lazies = laziesOf(whole);
  const isBytes = whole.type === "custom";
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    ...(isBytes ? { ...BYTES, ...described(whole.docs) } : schemaOf(whole)),
    ...(lazies.size === 0 ? {} : { $defs: definitions(lazies) }),
  };
}

function definitions(lazies: ReadonlyMap<number, LazyDescription>): JsonSchema {
  return Object.fromEntries([...lazies].map(([id, { value }]) => [String(id), schemaOf(value)]));
}

const BYTES: JsonSchema = {
  type: "string",
  contentEncoding: "base64",
  pattern: "^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$",
};
const MAX = Number.MAX_SAFE_INTEGER;

function schemaOf(description: Description): JsonSchema {
  return { ...shapeOf(description), ...described(description.docs) };
}

function shapeOf(description: Description): JsonSchema {
  switch (description.type) {
    case "boolean":
      return { type: "boolean" };
    case "uint":
      return { type: "integer", minimum: 0, maximum: MAX };
    case "int":
      return { type: "integer", minimum: -MAX, maximum: MAX };
    case "float":
      return { anyOf: [{ type: "number" }, { enum: ["NaN", "Infinity", "-Infinity", "-0"] }] };
    case "bigint":
      return {
        anyOf: [
          { type: "string", pattern: BIGINT_PATTERN },
          { type: "integer", minimum: -MAX, maximum: MAX },
        ],
      };
    case "timestamp":
      return { type: "string", pattern: TIMESTAMP_PATTERN };
    case "raw":
      return BYTES;
    case "bytes": {
      const { maxBytes } = description;
      return maxBytes === undefined ? BYTES : { ...BYTES, maxLength: Math.ceil(maxBytes / 3) * 4 };
    }
    case "string": {
      const { maxBytes } = description;
      return { type: "string", ...(maxBytes === undefined ? {} : { maxLength: maxBytes }) };
    }
    case "nothing":
      return { type: "null" };
    case "literal":
      return { const: description.value };
    case "enumeration":
      return { enum: [...new Set(description.values)] };
    case "record":
      return recordSchema(description.fields);
    case "union":
      return {
        oneOf: description.variants.map(({ tag, fields, docs }) => ({
          ...recordSchema([
            { name: description.tag, value: { type: "literal", value: tag } },
            ...fields,
          ]),
          ...described(docs),
        })),
      };
    case "list":
      return { type: "array", items: schemaOf(description.item), maxItems: description.maxItems };
    case "map":
      return {
        type: "object",
        additionalProperties: schemaOf(description.item),
        maxProperties: description.maxItems,
      };
    case "tuple": {
      const { length } = description.items;
      return {
        type: "array",
        ...(length === 0 ? {} : { prefixItems: description.items.map(schemaOf) }),
        minItems: length,
        maxItems: length,
      };
    }
    case "nullable":
      return { anyOf: [schemaOf(description.value), { type: "null" }] };
    case "optional":
      return schemaOf(description.value);
    case "validated":
      return {
        ...schemaOf(description.value),
        $comment: `A schema of ${description.vendor} judges it, too.`,
      };
    case "lazy":
    case "ref":
      return { $ref: `#/$defs/${description.id}` };
    case "dynamic":
    case "custom":
      return {};
  }
}

function recordSchema(fields: readonly FieldDescription[]): JsonSchema {
  const required = fields.filter((field) => field.optional !== true).map(({ name }) => name);
  return {
    type: "object",
    properties: Object.fromEntries(
      fields.map(({ name, value, docs }) => [name, { ...schemaOf(value), ...described(docs) }]),
    ),
    ...(required.length === 0 ? {} : { required }),
    additionalProperties: false,
  };
}

function described(docs: string | undefined): JsonSchema {
  return docs === undefined ? {} : { description: docs };
}
