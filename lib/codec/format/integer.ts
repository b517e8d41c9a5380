/**
 * Whole numbers.
 *
 * @module
 */

import type { ByteReader } from "../../wire/byte_reader.ts";
import type { ByteWriter } from "../../wire/byte_writer.ts";
import type { Codec } from "./codec.ts";
import { CompiledCodec } from "./compiled.ts";
import { truncated, wrongType } from "./format.ts";
import { SCALAR_BYTES } from "./memory_cost.ts";
import { Problem, wrongValue } from "./problem.ts";

const TWO_32 = 4_294_967_296;

const UINT = new CompiledCodec<number>({
  write: writeUint,
  read: readUint,
  describe: () => ({ type: "uint" }),
  fixedBytes: SCALAR_BYTES,
});
const INT = new CompiledCodec<number>({
  write: writeInt,
  read: readInt,
  describe: () => ({ type: "int" }),
  fixedBytes: SCALAR_BYTES,
});

/**
 * Whole numbers from 0 to 2⁵³ − 1 (`Number.MAX_SAFE_INTEGER`), in 1 to 9
 * bytes. Larger ones are for {@linkcode bigint}.
 *
 * @returns The codec.
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import * as t from "@internode/grid/codec";
 *
 * assert(t.toBytes(t.uint(), 7).length === 1);
 * ```
 */
export function uint(): Codec<number> {
  return UINT;
}

/**
 * Whole numbers from −(2⁵³ − 1) to 2⁵³ − 1, in 1 to 9 bytes. Larger ones are
 * for {@linkcode bigint}.
 *
 * @returns The codec.
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import * as t from "@internode/grid/codec";
 *
 * assert(t.fromBytes(t.int(), t.toBytes(t.int(), -40)) === -40);
 * ```
 */
export function int(): Codec<number> {
  return INT;
}

function writeUint(value: number, writer: ByteWriter): void {
  if (!Number.isSafeInteger(value) || value < 0) {
    wrongValue(value, "a whole number from 0 to 2^53 - 1");
  }
  writer.ensure(9);
  writeNatural(value, writer);
}

function writeInt(value: number, writer: ByteWriter): void {
  if (!Number.isSafeInteger(value)) wrongValue(value, "a whole number within ±(2^53 - 1)");
  writer.ensure(9);
  if (value >= 0) writeNatural(value, writer);
  else writeNegative(value, writer);
}

/** Writes a safe integer that is not negative; 9 bytes of room are there. */
function writeNatural(value: number, writer: ByteWriter): void {
  const { bytes, position: at } = writer;
  if (value < 0x80) {
    bytes[at] = value;
    writer.position = at + 1;
  } else if (value < 0x100) {
    bytes[at] = 0xcc;
    bytes[at + 1] = value;
    writer.position = at + 2;
  } else if (value < 0x1_0000) {
    bytes[at] = 0xcd;
    bytes[at + 1] = value >>> 8;
    bytes[at + 2] = value;
    writer.position = at + 3;
  } else if (value < TWO_32) {
    bytes[at] = 0xce;
    writer.view.setUint32(at + 1, value);
    writer.position = at + 5;
  } else {
    bytes[at] = 0xcf;
    writer.view.setUint32(at + 1, Math.floor(value / TWO_32));
    writer.view.setUint32(at + 5, value % TWO_32);
    writer.position = at + 9;
  }
}

/** Writes a negative safe integer; 9 bytes of room are there. */
function writeNegative(value: number, writer: ByteWriter): void {
  const { bytes, position: at } = writer;
  if (value >= -0x20) {
    bytes[at] = value & 0xff;
    writer.position = at + 1;
  } else if (value >= -0x80) {
    bytes[at] = 0xd0;
    bytes[at + 1] = value & 0xff;
    writer.position = at + 2;
  } else if (value >= -0x8000) {
    bytes[at] = 0xd1;
    writer.view.setInt16(at + 1, value);
    writer.position = at + 3;
  } else if (value >= -0x8000_0000) {
    bytes[at] = 0xd2;
    writer.view.setInt32(at + 1, value);
    writer.position = at + 5;
  } else {
    bytes[at] = 0xd3;
    writer.view.setInt32(at + 1, Math.floor(value / TWO_32));
    writer.view.setUint32(at + 5, value - Math.floor(value / TWO_32) * TWO_32);
    writer.position = at + 9;
  }
}

function readUint(reader: ByteReader): number {
  const at = reader.position;
  if (at < reader.end) {
    const head = reader.bytes[at]!;
    if (head < 0x80) {
      reader.position = at + 1;
      return head;
    }
  }
  const value = readWide(reader, "a whole number from 0 to 2^53 - 1");
  if (value < 0) throw new Problem(`must not be negative, but is ${value}`);
  return value;
}

function readInt(reader: ByteReader): number {
  const at = reader.position;
  if (at < reader.end) {
    const short = reader.bytes[at]! << 24 >> 24;
    if (short >= -0x20) {
      reader.position = at + 1;
      return short;
    }
  }
  return readWide(reader, "a whole number within ±(2^53 - 1)");
}

/**
 * Reads an integer in any of its forms. A float that is a whole number is
 * taken too: some encoders, `@std/msgpack` among them, write numbers over 32
 * bits so.
 */
function readWide(reader: ByteReader, wanted: string): number {
  const at = reader.position;
  const value = readNumber(reader, wanted);
  if (Number.isSafeInteger(value)) return value + 0;
  reader.position = at;
  throw new Problem(`must be ${wanted}, but is ${showNumber(reader)}`);
}

function showNumber(reader: ByteReader): string {
  const head = reader.bytes[reader.position]!;
  if (head === 0xca || head === 0xcb) return `the float ${readNumber(reader, "")}`;
  return `${readInteger64(reader)}, which needs bigint()`;
}

/**
 * Reads a number in any of its forms; integers over 53 bits are rounded.
 *
 * @param reader Stands on the type byte, afterwards behind the number.
 * @param wanted What the contract wants, for messages.
 * @returns The number.
 */
export function readNumber(reader: ByteReader, wanted: string): number {
  const at = reader.position;
  if (at >= reader.end) truncated();
  const head = reader.bytes[at]!;
  if (head < 0x80 || head >= 0xe0) {
    reader.position = at + 1;
    return head << 24 >> 24;
  }
  if (head < 0xca || head > 0xd3) wrongType(reader, wanted);
  const next = at + 1 + NUMBER_BYTES[head - 0xca]!;
  if (next > reader.end) truncated();
  reader.position = next;
  const view = reader.view;
  switch (head) {
    case 0xca:
      return view.getFloat32(at + 1);
    case 0xcb:
      return view.getFloat64(at + 1);
    case 0xcc:
      return view.getUint8(at + 1);
    case 0xcd:
      return view.getUint16(at + 1);
    case 0xce:
      return view.getUint32(at + 1);
    case 0xcf:
      return view.getUint32(at + 1) * TWO_32 + view.getUint32(at + 5);
    case 0xd0:
      return view.getInt8(at + 1);
    case 0xd1:
      return view.getInt16(at + 1);
    case 0xd2:
      return view.getInt32(at + 1);
    default:
      return view.getInt32(at + 1) * TWO_32 + view.getUint32(at + 5);
  }
}

/** How many bytes follow the type bytes from ca on. */
const NUMBER_BYTES = [4, 8, 1, 2, 4, 8, 1, 2, 4, 8];

/**
 * Writes an integer of up to 64 bits in its shortest form.
 *
 * @param value From −2⁶³ to 2⁶⁴ − 1.
 * @param writer Where it goes.
 */
export function writeInteger64(value: bigint, writer: ByteWriter): void {
  if (value >= -0x8000_0000n && value < 0x1_0000_0000n) return writeInt(Number(value), writer);
  writer.ensure(9);
  const at = writer.position;
  if (value > 0n) {
    writer.bytes[at] = 0xcf;
    writer.view.setBigUint64(at + 1, value);
  } else {
    writer.bytes[at] = 0xd3;
    writer.view.setBigInt64(at + 1, value);
  }
  writer.position = at + 9;
}

/**
 * Reads an integer in any of its forms.
 *
 * @param reader Stands on the type byte, afterwards behind the integer.
 * @returns The integer.
 */
export function readInteger64(reader: ByteReader): bigint {
  const at = reader.position, head = reader.bytes[at];
  if (head === 0xca || head === 0xcb) wrongType(reader, "an integer");
  if (head !== 0xcf && head !== 0xd3) return BigInt(readNumber(reader, "an integer"));
  if (at + 9 > reader.end) truncated();
  reader.position = at + 9;
  return head === 0xcf ? reader.view.getBigUint64(at + 1) : reader.view.getBigInt64(at + 1);
}
