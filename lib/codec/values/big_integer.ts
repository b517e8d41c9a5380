/**
 * Whole numbers beyond 53 bits.
 *
 * @module
 */

import type { ByteReader } from "../../wire/byte_reader.ts";
import type { ByteWriter } from "../../wire/byte_writer.ts";
import type { Codec } from "../format/codec.ts";
import { CompiledCodec } from "../format/compiled.ts";
import { headOf } from "../format/format.ts";
import { readInteger64, writeInteger64 } from "../format/integer.ts";
import { TEXT_BYTES } from "../format/memory_cost.ts";
import { Problem, wrongValue } from "../format/problem.ts";
import { readBytesHead, writeBytes } from "./scalars.ts";

/** The most bytes a big integer may have, so that no peer can make this one compute for long. */
const MAX_BYTES = 1_024;
const LIMIT = 1n << BigInt(MAX_BYTES * 8 - 1);

const BIGINT = new CompiledCodec<bigint>({
  write: writeBigint,
  read: readBigint,
  describe: () => ({ type: "bigint" }),
  fixedBytes: TEXT_BYTES,
});

/**
 * `bigint`s: up to 64 bits, signed or not, as MessagePack integers in their
 * shortest form; beyond that as bytes in two's complement, big-endian. At
 * most 1,024 bytes.
 *
 * @returns The codec.
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import * as t from "@internode/grid/codec";
 *
 * assert(t.toBytes(t.bigint(), 2n ** 64n - 1n).length === 9);
 * assert(t.fromBytes(t.bigint(), t.toBytes(t.bigint(), -(2n ** 200n))) === -(2n ** 200n));
 * ```
 */
export function bigint(): Codec<bigint> {
  return BIGINT;
}

function writeBigint(value: bigint, writer: ByteWriter): void {
  if (typeof value !== "bigint") wrongValue(value, "a bigint");
  if (value >= -(2n ** 63n) && value < 2n ** 64n) return writeInteger64(value, writer);
  if (value < -LIMIT || value >= LIMIT) {
    throw new Problem(`has more than the ${MAX_BYTES} bytes that a bigint can have`);
  }
  writeBytes(toTwosComplement(value), writer);
}

function toTwosComplement(value: bigint): Uint8Array {
  const magnitude = (value < 0n ? ~value : value).toString(16);
  // One bit more than the magnitude has, for the sign; half a byte rounds up to a whole one.
  const bits = magnitude.length * 4 - (Math.clz32(parseInt(magnitude[0]!, 16)) - 28) + 1;
  const count = Math.ceil(bits / 8);
  const hex = BigInt.asUintN(count * 8, value).toString(16).padStart(count * 2, "0");
  return Uint8Array.from({ length: count }, (_, i) => parseInt(hex.slice(i * 2, i * 2 + 2), 16));
}

function readBigint(reader: ByteReader): bigint {
  const head = headOf(reader);
  if (head < 0xc4 || head > 0xc6) return readInteger64(reader);
  const count = readBytesHead(reader, "an integer");
  if (count === 0 || count > MAX_BYTES) {
    throw new Problem(`must be an integer of 1 to ${MAX_BYTES} bytes, but has ${count}`);
  }
  let hex = "0x";
  for (let i = 0; i < count; i++) {
    hex += reader.bytes[reader.position + i]!.toString(16).padStart(2, "0");
  }
  reader.position += count;
  return BigInt.asIntN(count * 8, BigInt(hex));
}
