/**
 * Reading values without a contract.
 *
 * @module
 */

import type { ByteReader } from "../../wire/byte_reader.ts";
import { FALSE, headOf, NIL, TRUE } from "../format/format.ts";
import { readInteger64, readNumber } from "../format/integer.ts";
import { tooDeep, tooMany } from "../format/limits.ts";
import {
  EMPTY_LIST_BYTES,
  KEY_BYTES,
  LIST_BYTES,
  PLACE_BYTES,
  PLAIN_OBJECT_BYTES,
  takeMemory,
  TEXT_BYTES,
  VIEW_BYTES,
} from "../format/memory_cost.ts";
import { type IndexKeys, setProperty } from "./plain_object.ts";
import { inField, inItem, Problem } from "../format/problem.ts";
import { readBytesHead } from "./scalars.ts";
import { skipHead } from "../format/skip.ts";
import { readText } from "../format/text.ts";

/** The key that is none like others in a plain object. */
export const PROTO = "__proto__";

/** The limits, and how many values were seen so far. */
export interface Tally {
  /** The most containers around a value. */
  readonly maxDepth: number;
  /** The most values. */
  readonly maxItems: number;
  /** How many values there were. */
  count: number;
}

/** The same of a value that is read. */
export interface ReadTally extends Tally {
  /** Where the value begins in the reader. */
  readonly start: number;
}

/** Counts one value with so many containers around it. */
export function countOne(tally: Tally, depth: number): void {
  if (depth > tally.maxDepth) tooDeep(tally.maxDepth);
  if (++tally.count > tally.maxItems) tooMany(tally.count, tally.maxItems);
}

/**
 * Reads one value as `@std/msgpack` does, whatever it is.
 *
 * @param reader Stands on the type byte, afterwards behind the value.
 * @param depth How many containers are around it.
 * @param tally What it counts to.
 * @returns The value.
 */
export function readDynamic(reader: ByteReader, depth: number, tally: ReadTally): unknown {
  countOne(tally, depth);
  const head = headOf(reader);
  if (isText(head)) {
    const text = readText(reader);
    checkStart(text);
    return text;
  }
  if (isNumber(head)) {
    return head === 0xcf || head === 0xd3 ? readInteger64(reader) : readNumber(reader, "a number");
  }
  if (head >= 0xc4 && head <= 0xc6) {
    takeMemory(reader, VIEW_BYTES);
    return reader.takeBytes(readBytesHead(reader, "bytes"));
  }
  // Between these stand numbers and texts too, which are read by now.
  if (head >= 0xc7 && head < 0xdc) {
    throw new Problem("is an extension, which dynamic() does not carry");
  }
  // What is left: containers, and what is one byte or nothing at all.
  const count = skipHead(reader);
  if (head === NIL) return null;
  if (head === FALSE || head === TRUE) return head === TRUE;
  if (count > reader.remaining) throw new Problem("is cut off: the message ends within it");
  const isMap = head < 0x90 || head >= 0xde;
  return isMap
    ? readEntries(reader, count / 2, depth, tally)
    : readItems(reader, count, depth, tally);
}

function readEntries(
  reader: ByteReader,
  count: number,
  depth: number,
  tally: ReadTally,
): Record<string, unknown> {
  takeMemory(reader, PLAIN_OBJECT_BYTES + count * (KEY_BYTES + TEXT_BYTES));
  const object: Record<string, unknown> = {};
  let has: IndexKeys = "none";
  for (let i = 0; i < count; i++) {
    const at = reader.position - tally.start;
    const key = readKey(reader, depth, tally);
    let value: unknown;
    try {
      value = readDynamic(reader, depth + 1, tally);
    } catch (error) {
      throw inField(error, typeof key === "string" ? key : `the number at byte ${at}`);
    }
    has = setProperty(object, String(key), value, has);
  }
  return object;
}

function readItems(reader: ByteReader, count: number, depth: number, tally: ReadTally): unknown[] {
  takeMemory(
    reader,
    EMPTY_LIST_BYTES + (count === 0 ? 0 : LIST_BYTES + count * (PLACE_BYTES + TEXT_BYTES)),
  );
  const items: unknown[] = [];
  try {
    while (items.length < count) items.push(readDynamic(reader, depth + 1, tally));
  } catch (error) {
    throw inItem(error, items.length);
  }
  return items;
}

function readKey(reader: ByteReader, depth: number, tally: ReadTally): string | number {
  const head = headOf(reader);
  // What would be a bigint is no key.
  if (!isText(head) && (!isNumber(head) || head === 0xcf || head === 0xd3)) {
    throw new Problem("has a key that is neither a string nor a number");
  }
  const key = readDynamic(reader, depth + 1, tally) as string | number;
  if (key === PROTO) throw protoKey();
  return key;
}

function isText(head: number): boolean {
  return (head >= 0xa0 && head < 0xc0) || (head >= 0xd9 && head <= 0xdb);
}

function isNumber(head: number): boolean {
  return head < 0x80 || head >= 0xe0 || (head >= 0xca && head <= 0xd3);
}

/** Fails for a text that `@std/msgpack` would read as another, as it drops the mark; so `__proto__` would get past. */
export function checkStart(text: string): void {
  if (!text.startsWith("\ufeff")) return;
  throw new Problem("begins with a byte order mark, which dynamic() does not carry; use string()");
}

/** What `__proto__` as a key is told. */
export function protoKey(): Problem {
  return new Problem(`has the key "${PROTO}", which dynamic() does not carry; use map()`);
}
