/**
 * Points in time.
 *
 * @module
 */

import type { ByteReader } from "../../wire/byte_reader.ts";
import type { ByteWriter } from "../../wire/byte_writer.ts";
import type { Codec } from "../format/codec.ts";
import { CompiledCodec } from "../format/compiled.ts";
import { headOf, truncated, wrongType } from "../format/format.ts";
import { DATE_BYTES } from "../format/memory_cost.ts";
import { Problem, wrongValue } from "../format/problem.ts";

const TWO_32 = 4_294_967_296;
const MAX_DATE_MS = 8_640_000_000_000_000;
/** MessagePack's extension type −1, as a byte. */
const TIMESTAMP_TYPE = 0xff;

const TIMESTAMP = new CompiledCodec<Date>({
  write: writeTimestamp,
  read: readTimestamp,
  describe: () => ({ type: "timestamp" }),
  fixedBytes: DATE_BYTES,
});

/**
 * `Date`s, as MessagePack's own timestamp extension (type −1) in its
 * shortest form: 6, 10 or 15 bytes. Nanoseconds that another encoder wrote
 * are rounded down to milliseconds.
 *
 * @returns The codec.
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import * as t from "@internode/grid/codec";
 *
 * const moment = new Date("2026-01-02T03:04:05.678Z");
 * assert(+t.fromBytes(t.timestamp(), t.toBytes(t.timestamp(), moment)) === +moment);
 * ```
 */
export function timestamp(): Codec<Date> {
  return TIMESTAMP;
}

function writeTimestamp(value: Date, writer: ByteWriter): void {
  if (!(value instanceof Date)) wrongValue(value, "a Date");
  const ms = value.getTime();
  if (Number.isNaN(ms)) throw new Problem("must be a Date, but is an invalid one");
  const seconds = Math.floor(ms / 1_000), nanos = (ms - seconds * 1_000) * 1_000_000;
  writer.ensure(15);
  const { bytes, view, position: at } = writer;
  if (seconds >= 0 && seconds < TWO_32 && nanos === 0) {
    bytes[at] = 0xd6;
    bytes[at + 1] = TIMESTAMP_TYPE;
    view.setUint32(at + 2, seconds);
    writer.position = at + 6;
  } else if (seconds >= 0 && seconds < TWO_32 * 4) {
    bytes[at] = 0xd7;
    bytes[at + 1] = TIMESTAMP_TYPE;
    view.setUint32(at + 2, nanos * 4 + Math.floor(seconds / TWO_32));
    view.setUint32(at + 6, seconds % TWO_32);
    writer.position = at + 10;
  } else {
    const high = Math.floor(seconds / TWO_32);
    bytes[at] = 0xc7;
    bytes[at + 1] = 12;
    bytes[at + 2] = TIMESTAMP_TYPE;
    view.setUint32(at + 3, nanos);
    view.setInt32(at + 7, high);
    view.setUint32(at + 11, seconds - high * TWO_32);
    writer.position = at + 15;
  }
}

function readTimestamp(reader: ByteReader): Date {
  const { bytes, view, position: at, end } = reader;
  const head = headOf(reader);
  const total = head === 0xd6 ? 6 : head === 0xd7 ? 10 : head === 0xc7 ? 15 : 0;
  if (total === 0) wrongType(reader, "a timestamp");
  if (at + total > end) truncated();
  const typeAt = at + (head === 0xc7 ? 2 : 1);
  if (bytes[typeAt] !== TIMESTAMP_TYPE || (head === 0xc7 && bytes[at + 1] !== 12)) {
    throw new Problem("must be a timestamp, but is another extension");
  }
  let seconds: number, nanos = 0;
  if (head === 0xd6) {
    seconds = view.getUint32(at + 2);
  } else if (head === 0xd7) {
    const high = view.getUint32(at + 2);
    nanos = high >>> 2;
    seconds = (high & 3) * TWO_32 + view.getUint32(at + 6);
  } else {
    nanos = view.getUint32(at + 3);
    seconds = view.getInt32(at + 7) * TWO_32 + view.getUint32(at + 11);
  }
  const ms = seconds * 1_000 + Math.floor(nanos / 1_000_000);
  if (nanos > 999_999_999 || Math.abs(ms) > MAX_DATE_MS) {
    throw new Problem("is a timestamp beyond the range of a Date");
  }
  reader.position = at + total;
  return new Date(ms);
}
