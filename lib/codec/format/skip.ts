/**
 * Passing over values that nobody asked for.
 *
 * @module
 */

import type { ByteReader } from "../../wire/byte_reader.ts";
import { readLength, truncated } from "./format.ts";
import { Problem } from "./problem.ts";

/**
 * Passes over one MessagePack value, whatever it is. It counts what is still
 * to come instead of calling itself, so that no nesting can overflow the
 * stack and no claimed length costs more than the bytes that are there.
 *
 * @param reader Stands on the type byte, afterwards behind the value.
 */
export function skipValue(reader: ByteReader): void {
  for (let pending = 1; pending > 0; pending--) {
    pending += skipHead(reader);
    if (pending - 1 > reader.end - reader.position) truncated();
  }
}

/**
 * Passes over a value, or over the head of a container.
 *
 * @param reader Stands on the type byte, afterwards behind the scalar or head.
 * @returns How many values the container holds: 0 for scalars, keys and values both for maps.
 */
export function skipHead(reader: ByteReader): number {
  const at = reader.position;
  if (at >= reader.end) truncated();
  const head = reader.bytes[at]!;
  if (head < 0x80 || head >= 0xe0) return pass(reader, 1);
  if (head < 0x90) return pass(reader, 1, (head & 0x0f) * 2);
  if (head < 0xa0) return pass(reader, 1, head & 0x0f);
  if (head < 0xc0) return pass(reader, 1 + (head & 0x1f));
  if (head >= 0xca && head <= 0xd8) return pass(reader, FIXED_BYTES[head - 0xca]!);
  switch (head) {
    case 0xc1:
      throw new Problem("has the byte c1, which MessagePack never uses");
    case 0xc4:
    case 0xc5:
    case 0xc6:
      return pass(reader, readLength(reader, head - 0xc4));
    case 0xc7:
    case 0xc8:
    case 0xc9:
      return pass(reader, readLength(reader, head - 0xc7) + 1);
    case 0xd9:
    case 0xda:
    case 0xdb:
      return pass(reader, readLength(reader, head - 0xd9));
    case 0xdc:
    case 0xdd:
      return readLength(reader, head - 0xdb);
    case 0xde:
    case 0xdf:
      return readLength(reader, head - 0xdd) * 2;
    default:
      return pass(reader, 1);
  }
}

/** The sizes of what begins with the bytes from ca to d8, these included. */
const FIXED_BYTES = [5, 9, 2, 3, 5, 9, 2, 3, 5, 9, 3, 4, 6, 10, 18];

function pass(reader: ByteReader, count: number, inside = 0): number {
  const next = reader.position + count;
  if (next > reader.end) truncated();
  reader.position = next;
  return inside;
}
