/**
 * Unions: one of several records, told apart by a tag.
 *
 * @module
 */

import { invalidArgument } from "../../errors.ts";
import type { ByteReader } from "../../wire/byte_reader.ts";
import type { Codec, Infer } from "../format/codec.ts";
import { asPart, CompiledCodec } from "../format/compiled.ts";
import { headOf, readMapHead } from "../format/format.ts";
import { literal } from "../values/literal.ts";
import { takeMemory } from "../format/memory_cost.ts";
import {
  describeValue,
  inField,
  Problem,
  quote,
  quoteSome,
  wrongValue,
} from "../format/problem.ts";
import { describeFields, makeField } from "./field.ts";
import { RecordCodec } from "./record.ts";
import { skipValue } from "../format/skip.ts";
import { readText, standsAt } from "../format/text.ts";
import { optionsOf, text } from "../../foreign/option_checks.ts";

/**
 * The variants of a {@linkcode union}, by the tag's value. Each is made by
 * `record()`, without the tag.
 */
// deno-lint-ignore no-explicit-any -- records of any type are meant
export type UnionVariants = { readonly [tagValue: string]: Codec<any> };

/**
 * The objects that a {@linkcode union} carries: TypeScript narrows them by
 * the tag.
 *
 * @typeParam Tag The tag's name.
 * @typeParam Variants The variants, by the tag's value.
 */
export type UnionOf<Tag extends string, Variants extends UnionVariants> = {
  [V in keyof Variants & string]: ({ [K in Tag]: V } & Infer<Variants[V]>) extends infer T
    ? { [K in keyof T]: T[K] }
    : never;
}[keyof Variants & string];

/**
 * One of several records, told apart by a field, the tag. On the wire it is
 * that record with the tag as its first field; the reader finds the tag
 * wherever it stands.
 *
 * @param tag The name of the field that tells them apart.
 * @param variants The records, by the tag's value.
 * @returns The codec. A variant added later is an error to peers that do not know it.
 * @throws {InternodeError} `InvalidArgument` for a variant that is not made by `record()`, or has a field of the tag's name, or if there are none.
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import * as t from "@internode/grid/codec";
 *
 * const Event = t.union("kind", {
 *   created: t.record({ name: t.string() }),
 *   resized: t.record({ name: t.string(), size: t.uint() }),
 * });
 * const event: t.Infer<typeof Event> = { kind: "resized", name: "a", size: 3 };
 * const read = t.fromBytes(Event, t.toBytes(Event, event));
 * assert(read.kind === "resized" && read.size === 3);
 * ```
 */
export function union<const Tag extends string, Variants extends UnionVariants>(
  tag: Tag,
  variants: Variants,
): Codec<UnionOf<Tag, Variants>> {
  text("tag", tag);
  const records = new Map(
    Object.entries(optionsOf("a union (its variants)", variants)).map((
      [value, codec],
    ) => [value, tagged(tag, value, codec)]),
  );
  if (records.size === 0) throw invalidArgument("A union needs at least one variant.");
  const key = [...records.values()][0]!.fields[0]!.key;
  const wanted = `one of ${quoteSome(records.keys())}`;
  return new CompiledCodec<Record<string, unknown>>({
    describe: (part) => ({
      type: "union",
      tag,
      variants: [...records].map(([value, { fields, docs }]) => ({
        tag: value,
        ...(docs === undefined ? {} : { docs }),
        // The first is the tag.
        fields: describeFields(fields.slice(1), part),
      })),
    }),
    write(value, writer, depth): void {
      if (typeof value !== "object" || value === null) wrongValue(value, "an object");
      const variant = Object.hasOwn(value, tag) ? value[tag] : undefined;
      const record = records.get(variant as string);
      if (record === undefined) throw inField(mismatch(variant, wanted), tag);
      record.write(value, writer, depth);
    },
    read(reader, depth): Record<string, unknown> {
      const start = reader.position;
      const variant = readTag(reader, tag, key);
      const record = records.get(variant);
      if (record === undefined) throw inField(mismatch(variant, wanted), tag);
      reader.position = start;
      takeMemory(reader, record.fixedBytes);
      return record.read(reader, depth);
    },
  }) as Codec<unknown> as Codec<UnionOf<Tag, Variants>>;
}

/** The variant's record with the tag before its fields. */
function tagged(
  tag: string,
  value: string,
  codec: Codec<unknown>,
): RecordCodec<Record<string, unknown>> {
  if (!(codec instanceof RecordCodec)) {
    throw invalidArgument(`Variant ${quote(value)} of a union must be a record().`);
  }
  const fields = (codec as RecordCodec<unknown>).fields;
  if (fields.some((field) => field.name === tag)) {
    throw invalidArgument(
      `Variant ${quote(value)} of a union has a field ${quote(tag)}, the union's tag.`,
    );
  }
  const constant = asPart<unknown>(literal(value), "a union");
  return new RecordCodec([makeField(tag, constant, false), ...fields], codec.docs);
}

/** Finds the tag: first where writers of ours put it, then anywhere. */
function readTag(reader: ByteReader, tag: string, key: Uint8Array): string {
  for (let left = readMapHead(reader, "a map"); left > 0; left--) {
    if (isTag(reader, tag, key)) {
      try {
        return readText(reader);
      } catch (error) {
        throw inField(error, tag);
      }
    }
    skipValue(reader);
  }
  throw inField(new Problem("is missing"), tag);
}

/** Passes a key and says whether it was the tag's. */
function isTag(reader: ByteReader, tag: string, key: Uint8Array): boolean {
  const at = reader.position;
  if (at + key.length <= reader.end && standsAt(reader.bytes, at, key)) {
    reader.position = at + key.length;
    return true;
  }
  const head = headOf(reader);
  if (head >= 0xd9 && head <= 0xdb) return readText(reader) === tag;
  skipValue(reader);
  return false;
}

function mismatch(value: unknown, wanted: string): Problem {
  return new Problem(`must be ${wanted}, but is ${describeValue(value)}`);
}
