/**
 * MessagePack's type bytes, and the lengths and counts that follow them.
 * The format: https://github.com/msgpack/msgpack/blob/master/spec.md
 *
 * @module
 */

import { counted } from "../../foreign/text_of.ts";
import type { ByteReader } from "../../wire/byte_reader.ts";
import type { ByteWriter } from "../../wire/byte_writer.ts";
import { Problem } from "./problem.ts";

/** The type byte of nil. */
export const NIL = 0xc0;
/** The type byte of false. */
export const FALSE = 0xc2;
/** The type byte of true. */
export const TRUE = 0xc3;

/**
 * Says what stands next.
 *
 * @param reader Stands on the type byte.
 * @returns The type byte; past the end of the message that of the number 0, of which reading finds that it is cut off.
 */
export function headOf(reader: ByteReader): number {
  return reader.position < reader.end ? reader.bytes[reader.position]! : 0;
}

/**
 * Fails because a value ends after the message does.
 */
export function truncated(): never {
  throw new Problem("is cut off: the message ends within it");
}

/**
 * Fails because another type was found than the contract says.
 *
 * @param reader Stands on the type byte.
 * @param wanted What it must be, with its article: `a string`.
 */
export function wrongType(reader: ByteReader, wanted: string): never {
  if (reader.position >= reader.end) truncated();
  throw new Problem(`must be ${wanted}, but is ${describeType(reader.bytes[reader.position]!)}`);
}

/**
 * Says what a type byte stands for, for messages.
 *
 * @param head The type byte.
 * @returns Such as `an integer` or `nil`.
 */
function describeType(head: number): string {
  if (head < 0x80 || head >= 0xe0 || (head >= 0xcc && head <= 0xd3)) return "an integer";
  if (head < 0x90 || head === 0xde || head === 0xdf) return "a map";
  if (head < 0xa0 || head === 0xdc || head === 0xdd) return "an array";
  if (head < 0xc0 || head >= 0xd9) return "a string";
  if (head === NIL) return "nil";
  if (head === FALSE || head === TRUE) return "a boolean";
  if (head >= 0xc4 && head <= 0xc6) return "bytes";
  if (head === 0xca || head === 0xcb) return "a float";
  return head === 0xc1 ? "the byte c1, which MessagePack never uses" : "an extension";
}

/**
 * Writes the head of an array.
 *
 * @param count How many items follow, below 2³².
 * @param writer Where it goes.
 */
export function writeArrayHead(count: number, writer: ByteWriter): void {
  writer.ensure(5);
  if (count < 16) writer.bytes[writer.position++] = 0x90 | count;
  else writeLongHead(count, 0xdc, writer);
}

/**
 * Writes the head of a map.
 *
 * @param count How many pairs follow, below 2³².
 * @param writer Where it goes.
 */
export function writeMapHead(count: number, writer: ByteWriter): void {
  writer.ensure(5);
  if (count < 16) writer.bytes[writer.position++] = 0x80 | count;
  else writeLongHead(count, 0xde, writer);
}

function writeLongHead(count: number, head16: number, writer: ByteWriter): void {
  const at = writer.position;
  if (count < 65_536) {
    writer.bytes[at] = head16;
    writer.view.setUint16(at + 1, count);
    writer.position = at + 3;
  } else {
    writer.bytes[at] = head16 + 1;
    writer.view.setUint32(at + 1, count);
    writer.position = at + 5;
  }
}

/**
 * Reads the head of an array. The count is what the message can hold at
 * most, so that a claim near 2³² fails here and costs nothing.
 *
 * @param reader Stands on the type byte, afterwards on the first item.
 * @param wanted What the contract wants, for messages.
 * @returns How many items follow.
 */
export function readArrayHead(reader: ByteReader, wanted: string): number {
  const at = reader.position;
  if (at >= reader.end) truncated();
  const head = reader.bytes[at]!;
  let count: number;
  if ((head & 0xf0) === 0x90) {
    reader.position = at + 1;
    count = head & 0x0f;
  } else if (head === 0xdc || head === 0xdd) {
    count = readLength(reader, head - 0xdb);
  } else wrongType(reader, wanted);
  if (count > reader.end - reader.position) tooFewBytes(count, "items", reader);
  return count;
}

/**
 * Reads the head of a map. The count is what the message can hold at most,
 * so that a claim near 2³² fails here and costs nothing.
 *
 * @param reader Stands on the type byte, afterwards on the first key.
 * @param wanted What the contract wants, for messages.
 * @returns How many pairs follow.
 */
export function readMapHead(reader: ByteReader, wanted: string): number {
  const at = reader.position;
  if (at >= reader.end) truncated();
  const head = reader.bytes[at]!;
  let count: number;
  if ((head & 0xf0) === 0x80) {
    reader.position = at + 1;
    count = head & 0x0f;
  } else if (head === 0xde || head === 0xdf) {
    count = readLength(reader, head - 0xdd);
  } else wrongType(reader, wanted);
  if (count * 2 > reader.end - reader.position) tooFewBytes(count, "entries", reader);
  return count;
}

function tooFewBytes(count: number, what: string, reader: ByteReader): never {
  throw new Problem(
    `is cut off: it claims ${count} ${what}, and the message ends ${
      counted(reader.remaining, "byte")
    } later`,
  );
}

/**
 * Reads the length that follows a type byte.
 *
 * @param reader Stands on the type byte, afterwards behind the length.
 * @param step How wide the length is: 0 for 1 byte, 1 for 2, 2 for 4.
 * @returns The length.
 */
export function readLength(reader: ByteReader, step: number): number {
  const at = reader.position + 1;
  const next = at + (1 << step);
  if (next > reader.end) truncated();
  reader.position = next;
  if (step === 0) return reader.bytes[at]!;
  return step === 1 ? reader.view.getUint16(at) : reader.view.getUint32(at);
}
