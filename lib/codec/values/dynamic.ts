/**
 * Values without a contract, as `@std/msgpack` has them.
 *
 * @module
 */

import { lengthOf } from "../../foreign/plain_bytes.ts";
import { encode, type ValueType } from "@std/msgpack";
import { DEFAULT_MAX_ITEMS } from "../../wire/item_count.ts";
import type { Codec } from "../format/codec.ts";
import { CompiledCodec } from "../format/compiled.ts";
import {
  checkLimit,
  countItems,
  type CountOptions,
  type DepthOptions,
  maxDepthOf,
} from "../format/limits.ts";
import {
  checkStart,
  countOne,
  PROTO,
  protoKey,
  readDynamic,
  type ReadTally,
  type Tally,
} from "./dynamic_read.ts";
import { inField, inItem, Problem, wrongValue } from "../format/problem.ts";
import { optionsOf } from "../../foreign/option_checks.ts";

/** What bounds a {@linkcode dynamic} value; `maxItems` counts all values in it, at every depth. */
export interface DynamicOptions extends CountOptions, DepthOptions {}

/**
 * Any value that MessagePack knows without extensions: `null`, booleans,
 * numbers, `bigint`s of 64 bits, strings, `Uint8Array`s, arrays, and plain
 * objects. `@std/msgpack` writes it, and it is read as `@std/msgpack` reads; much
 * slower than the typed codecs: for what has no fixed shape.
 *
 * In both directions depth, count and UTF-8 are checked, that no key is
 * `__proto__` and that no text begins with a byte order mark (both refused).
 * Integers over 32 bits arrive as floats from a `number`, as `bigint` from a
 * `bigint` or a typed codec's `uint()`.
 *
 * @param options How deep it may be nested, how many values it may hold.
 * @returns The codec.
 * @throws {InternodeError} `InvalidArgument` for a limit out of range.
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import * as t from "@internode/grid/codec";
 *
 * const Settings = t.dynamic({ maxItems: 1_000 });
 * const settings = { theme: "dark", sizes: [1, 2, 3] };
 * assert(JSON.stringify(t.fromBytes(Settings, t.toBytes(Settings, settings))) ===
 *   JSON.stringify(settings));
 * ```
 */
export function dynamic(options: DynamicOptions = {}): Codec<unknown> {
  const maxDepth = maxDepthOf(optionsOf("dynamic", options));
  const maxItems = checkLimit("maxItems", options.maxItems, DEFAULT_MAX_ITEMS);
  return new CompiledCodec<unknown>({
    describe: () => ({ type: "dynamic", maxDepth, maxItems }),
    write(value, writer, depth): void {
      const tally: Tally = { maxDepth, maxItems, count: 0 };
      inspectValue(value, depth, tally);
      countItems(writer, tally.count, maxItems);
      writer.append(encode(value as ValueType));
    },
    read(reader, depth): unknown {
      const tally: ReadTally = { maxDepth, maxItems, count: 0, start: reader.position };
      const value = readDynamic(reader, depth, tally);
      countItems(reader, tally.count, maxItems);
      return value;
    },
  });
}

function inspectValue(value: unknown, depth: number, tally: Tally): void {
  countOne(tally, depth);
  switch (typeof value) {
    case "boolean":
    case "number":
      return;
    case "string":
      if (!value.isWellFormed()) {
        throw new Problem("has a lone surrogate, which UTF-8 cannot carry");
      }
      return checkStart(value);
    case "bigint":
      if (value < -(2n ** 63n) || value >= 2n ** 64n) wrongValue(value, "an integer of 64 bits");
      return;
    case "object":
      if (value === null) return;
      if (value instanceof Uint8Array) {
        // What writes it believes the array.
        if (value.length !== lengthOf(value)) {
          wrongValue(value, "a Uint8Array whose length is not redefined");
        }
        return;
      }
      return inspectObject(value, depth, tally);
    default:
      wrongValue(value, WANTED);
  }
}

const WANTED =
  "null, a boolean, number, bigint, string, Uint8Array, or an array or plain object of these";

function inspectObject(value: object, depth: number, tally: Tally): void {
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) {
      try {
        inspectValue(value[i], depth + 1, tally);
      } catch (error) {
        throw inItem(error, i);
      }
    }
    return;
  }
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== null && prototype !== Object.prototype) wrongValue(value, WANTED);
  for (const [key, part] of Object.entries(value)) {
    if (key === PROTO) throw protoKey();
    try {
      inspectValue(key, depth + 1, tally);
      inspectValue(part, depth + 1, tally);
    } catch (error) {
      throw inField(error, key);
    }
  }
}
