/**
 * Values without a contract, through `@std/msgpack`.
 *
 * @module
 */

import { decode, encode, type ValueType } from "@std/msgpack";
import type { ByteReader } from "../wire/byte_reader.ts";
import { DEFAULT_MAX_ITEMS } from "../wire/item_count.ts";
import type { Codec } from "./codec.ts";
import { CompiledCodec } from "./compiled.ts";
import {
  checkLimit,
  countItems,
  type CountOptions,
  type DepthOptions,
  maxDepthOf,
  tooDeep,
  tooMany,
} from "./limits.ts";
import { inField, inItem, Problem, wrongValue } from "./problem.ts";
import { skipHead } from "./skip.ts";
import { readText } from "./text.ts";

const PROTO = "__proto__";

/** What bounds a {@linkcode dynamic} value; `maxItems` counts all values in it, at every depth. */
export interface DynamicOptions extends CountOptions, DepthOptions {}

/**
 * Any value that MessagePack knows without extensions: `null`, booleans,
 * numbers, `bigint`s of 64 bits, strings, `Uint8Array`s, arrays, and plain
 * objects. It goes through `@std/msgpack`, many times slower than the typed
 * codecs: for what has no fixed shape.
 *
 * The value is inspected before `@std/msgpack` sees it, in both directions:
 * depth, count, UTF-8, that no key is `__proto__` and no text begins with a
 * byte order mark (both refused). Integers over 32 bits arrive as floats from
 * a `number`, as `bigint` from a `bigint` or a typed codec's `uint()`.
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
  const maxDepth = maxDepthOf(options);
  const maxItems = checkLimit("maxItems", options.maxItems ?? DEFAULT_MAX_ITEMS);
  return new CompiledCodec<unknown>({
    write(value, writer, depth): void {
      const tally: Tally = { maxDepth, maxItems, count: 0, start: 0 };
      inspectValue(value, depth, tally);
      countItems(writer, tally.count, maxItems);
      writer.append(encode(value as ValueType));
    },
    read(reader, depth): unknown {
      const start = reader.position;
      const tally: Tally = { maxDepth, maxItems, count: 0, start };
      inspectBytes(reader, depth, tally);
      countItems(reader, tally.count, maxItems);
      const length = reader.position - start;
      reader.position = start;
      return decode(reader.takeBytes(length));
    },
  });
}

/** The limits, and how many values were seen so far. */
interface Tally {
  readonly maxDepth: number;
  readonly maxItems: number;
  /** Where the value begins in the reader. */
  readonly start: number;
  count: number;
}

function countOne(tally: Tally): void {
  if (++tally.count > tally.maxItems) tooMany(tally.count, tally.maxItems);
}

function inspectValue(value: unknown, depth: number, tally: Tally): void {
  countOne(tally);
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
      if (value === null || value instanceof Uint8Array) return;
      return inspectObject(value, depth, tally);
    default:
      wrongValue(value, WANTED);
  }
}

const WANTED =
  "null, a boolean, number, bigint, string, Uint8Array, or an array or plain object of these";

function inspectObject(value: object, depth: number, tally: Tally): void {
  if (depth >= tally.maxDepth) tooDeep(tally.maxDepth);
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

/** Passes one value, and gives it back if it is a text; afterwards `@std/msgpack` can read it without a surprise. */
function inspectBytes(reader: ByteReader, depth: number, tally: Tally): string | undefined {
  countOne(tally);
  const at = reader.position;
  const head = at < reader.end ? reader.bytes[at]! : 0;
  if (isText(head)) {
    const text = readText(reader);
    checkStart(text);
    return text;
  }
  if ((head >= 0xc7 && head <= 0xc9) || (head >= 0xd4 && head <= 0xd8)) {
    throw new Problem("is an extension, which dynamic() does not carry");
  }
  const count = skipHead(reader);
  if (count === 0) return undefined;
  if (depth >= tally.maxDepth) tooDeep(tally.maxDepth);
  if (count > reader.remaining) throw new Problem("is cut off: the message ends within it");
  const isMap = (head & 0xf0) === 0x80 || head === 0xde || head === 0xdf;
  if (isMap) inspectEntries(reader, count / 2, depth, tally);
  else inspectItems(reader, count, depth, tally);
  return undefined;
}

function inspectEntries(reader: ByteReader, count: number, depth: number, tally: Tally): void {
  for (let i = 0; i < count; i++) {
    const key = inspectKey(reader, depth, tally);
    try {
      inspectBytes(reader, depth + 1, tally);
    } catch (error) {
      throw inField(error, key);
    }
  }
}

function inspectItems(reader: ByteReader, count: number, depth: number, tally: Tally): void {
  let i = 0;
  try {
    for (; i < count; i++) inspectBytes(reader, depth + 1, tally);
  } catch (error) {
    throw inItem(error, i);
  }
}

function inspectKey(reader: ByteReader, depth: number, tally: Tally): string {
  const at = reader.position;
  const head = at < reader.end ? reader.bytes[at]! : 0;
  const isNumber = head < 0x80 || head >= 0xe0 || (head >= 0xca && head <= 0xd3);
  // What std reads as a bigint it does not take as a key.
  if (!isText(head) && (!isNumber || head === 0xcf || head === 0xd3)) {
    throw new Problem("has a key that is neither a string nor a number");
  }
  const key = inspectBytes(reader, depth + 1, tally);
  if (key === PROTO) throw protoKey();
  return key ?? `the number at byte ${at - tally.start}`;
}

function isText(head: number): boolean {
  return (head >= 0xa0 && head < 0xc0) || (head >= 0xd9 && head <= 0xdb);
}

/** `@std/msgpack` drops it when it reads: the text would be another one, and `__proto__` get past. */
function checkStart(text: string): void {
  if (!text.startsWith("\ufeff")) return;
  throw new Problem("begins with a byte order mark, which dynamic() does not carry; use string()");
}

function protoKey(): Problem {
  return new Problem(`has the key "${PROTO}", which dynamic() does not carry; use map()`);
}
