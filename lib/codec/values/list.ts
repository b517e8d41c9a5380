/**
 * Lists of any length and tuples of a fixed one.
 *
 * @module
 */

import { DEFAULT_MAX_ITEMS } from "../../wire/item_count.ts";
import type { Codec, Infer } from "../format/codec.ts";
import { asPart, CompiledCodec, Later, type Read, type Write } from "../format/compiled.ts";
import { readArrayHead, writeArrayHead } from "../format/format.ts";
import { canGenerate, generate } from "../format/generate.ts";
import { interpretRead, interpretWrite } from "./list_interpreted.ts";
import { checkLimit, countItems, type CountOptions } from "../format/limits.ts";
import { EMPTY_LIST_BYTES, LIST_BYTES, PLACE_BYTES, takeMemory } from "../format/memory_cost.ts";
import { inItem, Problem, wrongValue } from "../format/problem.ts";
import { asciiReaders, writeEncoded } from "../format/text.ts";
import { checkWritten, TextCodec } from "../format/text_codec.ts";
import {
  claimSource,
  LOAD_WRITER,
  readTextSource,
  TEXT_ROOM_BYTES,
  writeTextSource,
} from "../format/text_source.ts";
import { invalidOption, optionsOf } from "../../foreign/option_checks.ts";
import { counted, shown } from "../../foreign/text_of.ts";

/**
 * Arrays whose items are all of one type: a MessagePack array.
 *
 * @param item Carries each item.
 * @param options How many there may be.
 * @returns The codec.
 * @throws {InternodeError} `InvalidArgument` for an item that may be absent, or a limit that is not a whole number.
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import * as t from "@internode/grid/codec";
 *
 * const Sizes = t.list(t.uint(), { maxItems: 1_000 });
 * assert(t.fromBytes(Sizes, t.toBytes(Sizes, [1, 2, 3])).length === 3);
 * ```
 */
export function list<T>(item: Codec<T>, options: CountOptions = {}): Codec<T[]> {
  const part = asPart(item, "a list");
  const maxItems = checkLimit("maxItems", optionsOf("list", options).maxItems, DEFAULT_MAX_ITEMS);
  return new CompiledCodec<T[]>({
    describe: (describePart) => ({ type: "list", item: describePart(part), maxItems }),
    write: new Later(() => (canGenerate ? generateWrite : interpretWrite)(part, maxItems)),
    read: new Later(() => (canGenerate ? generateRead : interpretRead)(part, maxItems)),
    fixedBytes: EMPTY_LIST_BYTES,
  });
}

function generateWrite<T>(item: CompiledCodec<T>, maxItems: number): Write<T[]> {
  return generate<Write<T[]>>(
    `return (function (value, writer, depth) {
      if (!Array.isArray(value)) wrongValue(value, "an array");
      const count = value.length;
      countItems(writer, count, maxItems);
      writeArrayHead(count, writer);
      let k = 0;
      try {
        ${item instanceof TextCodec ? writeTexts(item) : WRITE_ITEMS}
      } catch (error) {
        throw inItem(error, k);
      }
    });`,
    {
      write: item.finalWrite(),
      maxItems,
      wrongValue,
      countItems,
      writeArrayHead,
      writeEncoded,
      checkWritten,
      inItem,
    },
  );
}

const WRITE_ITEMS = "for (; k < count; k++) write(value[k], writer, depth + 1);";

const writeTexts = ({ maxBytes }: TextCodec): string =>
  `let ${LOAD_WRITER}
  for (; k < count; k++) {
    const item = value[k];
    if (typeof item !== "string") wrongValue(item, "a string");
    ${claimSource(TEXT_ROOM_BYTES)}
    ${writeTextSource("item", maxBytes)}
  }
  writer.position = at;`;

function generateRead<T>(item: CompiledCodec<T>, maxItems: number): Read<T[]> {
  return generate<Read<T[]>>(
    `return (function (reader, depth) {
      const count = readArrayHead(reader, "an array");
      countItems(reader, count, maxItems);
      if (count === 0) return [];
      takeMemory(reader, ${LIST_BYTES} + count * ${PLACE_BYTES + item.fixedBytes});
      let k = 0;
      try {
        ${item instanceof TextCodec ? readTexts(item) : READ_ITEMS}
        return items;
      } catch (error) {
        throw inItem(error, k);
      }
    });`,
    {
      read: item.finalRead(),
      maxItems,
      countItems,
      takeMemory,
      readArrayHead,
      asciiReaders,
      inItem,
    },
  );
}

/** The array grows with what was really read, never with what was claimed. */
const READ_ITEMS = `const items = [read(reader, depth + 1)];
  for (k = 1; k < count; k++) items.push(read(reader, depth + 1));`;

const readTexts = ({ maxBytes }: TextCodec): string =>
  `const { bytes, view, end } = reader;
  let at = reader.position, item;
  ${readTextSource("item", maxBytes, "read")}
  const items = [item];
  for (k = 1; k < count; k++) {
    ${readTextSource("item", maxBytes, "read")}
    items.push(item);
  }
  reader.position = at;`;

/**
 * The arrays that a {@linkcode tuple} carries.
 *
 * @typeParam Items The codecs of the items.
 */
// deno-lint-ignore no-explicit-any -- items of any type are meant
export type TupleOf<Items extends readonly Codec<any>[]> = {
  -readonly [I in keyof Items]: Infer<Items[I]>;
};

/**
 * Arrays of a fixed length whose items have a type each: a MessagePack
 * array. Both sides must agree on the length; a record can grow, a tuple
 * cannot.
 *
 * @param items Carry the items.
 * @returns The codec.
 * @throws {InternodeError} `InvalidArgument` for an item that may be absent.
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import * as t from "@internode/grid/codec";
 *
 * const Range = t.tuple([t.uint(), t.uint()]);
 * const range: [number, number] = [10, 20];
 * assert(t.fromBytes(Range, t.toBytes(Range, range))[1] === 20);
 * ```
 */
// deno-lint-ignore no-explicit-any -- items of any type are meant
export function tuple<const Items extends readonly Codec<any>[]>(
  items: Items,
): Codec<TupleOf<Items>> {
  if (!Array.isArray(items)) {
    throw invalidOption("items", `must be a list of codecs, not ${shown(items)}`);
  }
  const parts = items.map((item) => asPart<unknown>(item, "a tuple"));
  const wanted = `an array of ${parts.length}`;
  return new CompiledCodec<unknown[]>({
    describe: (describePart) => ({ type: "tuple", items: parts.map(describePart) }),
    fixedBytes: parts.reduce(
      (sum, part) => sum + PLACE_BYTES + part.fixedBytes,
      EMPTY_LIST_BYTES + LIST_BYTES,
    ),
    write(value, writer, depth): void {
      if (!Array.isArray(value)) wrongValue(value, wanted);
      if (value.length !== parts.length) wrongCount(value.length, wanted);
      writeArrayHead(parts.length, writer);
      let i = 0;
      try {
        for (; i < parts.length; i++) parts[i]!.write(value[i], writer, depth + 1);
      } catch (error) {
        throw inItem(error, i);
      }
    },
    read(reader, depth): unknown[] {
      const count = readArrayHead(reader, wanted);
      if (count !== parts.length) wrongCount(count, wanted);
      let i = 0;
      try {
        const value: unknown[] = [];
        for (; i < count; i++) value.push(parts[i]!.read(reader, depth + 1));
        return value;
      } catch (error) {
        throw inItem(error, i);
      }
    },
  }) as unknown as Codec<TupleOf<Items>>;
}

function wrongCount(count: number, wanted: string): never {
  throw new Problem(`must be ${wanted}, but has ${counted(count, "item")}`);
}
