/**
 * Strings, booleans, floats, bytes.
 *
 * @module
 */

import type { ByteReader } from "../../wire/byte_reader.ts";
import type { ByteWriter } from "../../wire/byte_writer.ts";
import { lengthOf } from "../../foreign/plain_bytes.ts";
import type { Codec } from "../format/codec.ts";
import { CompiledCodec } from "../format/compiled.ts";
import { FALSE, headOf, readLength, TRUE, truncated, wrongType } from "../format/format.ts";
import { readNumber } from "../format/integer.ts";
import { checkLimit, tooLong } from "../format/limits.ts";
import { SCALAR_BYTES, VIEW_BYTES } from "../format/memory_cost.ts";
import { wrongValue } from "../format/problem.ts";
import { lengthDescription, TextCodec } from "../format/text_codec.ts";
import { optionsOf } from "../../foreign/option_checks.ts";

/** How long strings and bytes may be. */
export interface LengthOptions {
  /** The most bytes (of UTF-8 for strings) one value may have, in both directions. Default: no limit but the message's. */
  maxBytes?: number;
}

const STRING = new TextCodec(Infinity);

/**
 * Strings, as UTF-8. A lone surrogate cannot be written, bytes that are not
 * UTF-8 cannot be read: nothing is replaced silently.
 *
 * @param options How long they may be.
 * @returns The codec.
 * @throws {InternodeError} `InvalidArgument` for a limit that is not a whole number.
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import * as t from "@internode/grid/codec";
 *
 * const Name = t.string({ maxBytes: 64 });
 * assert(t.fromBytes(Name, t.toBytes(Name, "Zoë")) === "Zoë");
 * ```
 */
export function string(options: LengthOptions = {}): Codec<string> {
  const { maxBytes } = optionsOf("string", options);
  if (maxBytes === undefined) return STRING;
  return new TextCodec(checkLimit("maxBytes", maxBytes, Infinity));
}

const BOOLEAN = new CompiledCodec<boolean>({
  describe: () => ({ type: "boolean" }),
  write(value: boolean, writer: ByteWriter): void {
    if (typeof value !== "boolean") wrongValue(value, "a boolean");
    writer.ensure(1);
    writer.bytes[writer.position++] = value ? TRUE : FALSE;
  },
  read(reader: ByteReader): boolean {
    const head = headOf(reader);
    if (head !== TRUE && head !== FALSE) wrongType(reader, "a boolean");
    reader.position++;
    return head === TRUE;
  },
});

/**
 * `true` and `false`.
 *
 * @returns The codec.
 */
export function boolean(): Codec<boolean> {
  return BOOLEAN;
}

const FLOAT = new CompiledCodec<number>({
  describe: () => ({ type: "float" }),
  fixedBytes: SCALAR_BYTES,
  write(value: number, writer: ByteWriter): void {
    if (typeof value !== "number") wrongValue(value, "a number");
    writer.ensure(9);
    const at = writer.position;
    writer.bytes[at] = 0xcb;
    writer.view.setFloat64(at + 1, value);
    writer.position = at + 9;
  },
  read(reader: ByteReader): number {
    return readNumber(reader, "a number");
  },
});

/**
 * Any number as a 64-bit float, 9 bytes; `NaN`, the infinities and −0
 * survive. The reader takes 32-bit floats and integers too, since other
 * encoders write whole numbers as such.
 *
 * @returns The codec.
 */
export function float(): Codec<number> {
  return FLOAT;
}

/**
 * `Uint8Array`s, as MessagePack's bin. What is read is the receiver's own.
 *
 * @param options How long they may be.
 * @returns The codec.
 * @throws {InternodeError} `InvalidArgument` for a limit that is not a whole number.
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import * as t from "@internode/grid/codec";
 *
 * const Block = t.record({ offset: t.uint(), data: t.bytes({ maxBytes: 1_048_576 }) });
 * const block = { offset: 0, data: new Uint8Array([1, 2, 3]) };
 * assert(t.fromBytes(Block, t.toBytes(Block, block)).data[2] === 3);
 * ```
 */
export function bytes(options: LengthOptions = {}): Codec<Uint8Array> {
  const maxBytes = checkLimit("maxBytes", optionsOf("bytes", options).maxBytes, Infinity);
  return new CompiledCodec<Uint8Array>({
    describe: () => lengthDescription("bytes", maxBytes),
    fixedBytes: VIEW_BYTES,
    write(value, writer): void {
      if (!(value instanceof Uint8Array)) wrongValue(value, "a Uint8Array");
      const length = lengthOf(value);
      if (length > maxBytes) tooLong(length, maxBytes);
      writeBytes(value, writer);
    },
    read(reader): Uint8Array {
      const length = readBytesHead(reader, "bytes");
      if (length > maxBytes) tooLong(length, maxBytes);
      return reader.takeBytes(length);
    },
  });
}

/**
 * Writes bytes with their head.
 *
 * @param value The bytes, fewer than 2³².
 * @param writer Where they go.
 */
export function writeBytes(value: Uint8Array, writer: ByteWriter): void {
  const length = lengthOf(value);
  writer.ensure(5 + length);
  const { bytes, view, position: at } = writer;
  if (length < 256) {
    bytes[at] = 0xc4;
    bytes[at + 1] = length;
    writer.position = at + 2;
  } else if (length < 65_536) {
    bytes[at] = 0xc5;
    view.setUint16(at + 1, length);
    writer.position = at + 3;
  } else {
    bytes[at] = 0xc6;
    view.setUint32(at + 1, length);
    writer.position = at + 5;
  }
  writer.append(value);
}

/**
 * Reads the head of bytes.
 *
 * @param reader Stands on the type byte, afterwards on the first of the bytes.
 * @param wanted What the contract wants, for messages.
 * @returns How many bytes follow; that many are there.
 */
export function readBytesHead(reader: ByteReader, wanted: string): number {
  const head = headOf(reader);
  if (head < 0xc4 || head > 0xc6) wrongType(reader, wanted);
  const length = readLength(reader, head - 0xc4);
  if (length > reader.remaining) truncated();
  return length;
}
