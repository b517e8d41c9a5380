/**
 * Maps: any string keys, values of one type.
 *
 * @module
 */

import { DEFAULT_MAX_ITEMS } from "../../wire/item_count.ts";
import type { Codec } from "../format/codec.ts";
import { asPart, CompiledCodec } from "../format/compiled.ts";
import { readMapHead, writeMapHead } from "../format/format.ts";
import { KeySpread, MAX_UNWATCHED_KEYS } from "./key_spread.ts";
import { checkLimit, countItems, type CountOptions } from "../format/limits.ts";
import { ENTRY_BYTES, MAP_BYTES, takeMemory } from "../format/memory_cost.ts";
import { inField, isProblem, Problem, quote, wrongValue } from "../format/problem.ts";
import { readText, writeText } from "../format/text.ts";
import { optionsOf } from "../../foreign/option_checks.ts";

/**
 * A `Map` from strings to values of one type: a MessagePack map. It is a
 * `Map`, not an object, because its keys come from the peer: in a `Map` no
 * key means anything special. A key that stands there twice is an error, and so
 * are, in maps of more than 256 entries, keys chosen to make a `Map` slow: whole
 * numbers of which hundreds have the same lowest bits, such as multiples of
 * 65,536. Other numbers are keys like any.
 *
 * @param value Carries each value.
 * @param options How many entries there may be.
 * @returns The codec.
 * @throws {InternodeError} `InvalidArgument` for a value that may be absent, or a limit that is not a whole number.
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import * as t from "@internode/grid/codec";
 *
 * const Sizes = t.map(t.uint());
 * const sizes = new Map([["a", 1], ["__proto__", 2]]);
 * assert(t.fromBytes(Sizes, t.toBytes(Sizes, sizes)).get("__proto__") === 2);
 * ```
 */
export function map<T>(value: Codec<T>, options: CountOptions = {}): Codec<Map<string, T>> {
  const part = asPart(value, "a map");
  const maxItems = checkLimit("maxItems", optionsOf("map", options).maxItems, DEFAULT_MAX_ITEMS);
  const entryBytes = ENTRY_BYTES + part.fixedBytes;
  return new CompiledCodec<Map<string, T>>({
    describe: (describePart) => ({ type: "map", item: describePart(part), maxItems }),
    fixedBytes: MAP_BYTES,
    write(entries, writer, depth): void {
      if (!(entries instanceof Map)) wrongValue(entries, "a Map");
      countItems(writer, entries.size, maxItems);
      writeMapHead(entries.size, writer);
      const spread = entries.size > MAX_UNWATCHED_KEYS ? new KeySpread() : null;
      for (const [key, entry] of entries) {
        if (typeof key !== "string") wrongValue(key, "a Map whose keys are all strings");
        spread?.add(key);
        try {
          writeText(key, writer);
          part.write(entry, writer, depth + 1);
        } catch (error) {
          throw inField(error, key);
        }
      }
    },
    read(reader, depth): Map<string, T> {
      const count = readMapHead(reader, "a map");
      countItems(reader, count, maxItems);
      if (count > 0) takeMemory(reader, count * entryBytes);
      const entries = new Map<string, T>();
      const spread = count > MAX_UNWATCHED_KEYS ? new KeySpread() : null;
      for (let i = 0; i < count; i++) {
        const key = readKey(reader);
        spread?.add(key);
        try {
          entries.set(key, part.read(reader, depth + 1));
        } catch (error) {
          throw inField(error, key);
        }
        if (entries.size === i) throw new Problem(`has the key ${quote(key)} twice`);
      }
      return entries;
    },
  });
}

function readKey(reader: Parameters<typeof readText>[0]): string {
  try {
    return readText(reader);
  } catch (error) {
    throw isProblem(error) ? new Problem(`has a key that ${error.what}`) : error;
  }
}
