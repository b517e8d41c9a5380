/**
 * Payloads that tell whose they are.
 *
 * @module
 */

import { SeededRandom } from "../../lib/testing/time/seeded_random.ts";
import type { ByteReader } from "../../lib/wire/byte_reader.ts";
import { PayloadKind } from "../../lib/wire/frame.ts";
import type { Payload } from "../support/session/calls.ts";

const KEYS = 65_521;
const MAX_BYTES = 300_000;
const PATTERN = new SeededRandom(1).bytes(KEYS + MAX_BYTES);

/** The length that stands for null. */
export const NULL_LENGTH = -1;
/** The length that stands for an absent payload. */
export const ABSENT_LENGTH = -2;

/** The payload of a key and length. It is a view of bytes that never change. */
export function payloadOf(key: number, length: number): Payload {
  if (length === NULL_LENGTH) return null;
  if (length < 0) return undefined;
  const start = startOf(key);
  return PATTERN.subarray(start, start + Math.min(length, MAX_BYTES));
}

/** The length of a payload that has come, with the special ones for null and absent. */
export function lengthOf(kind: number, reader: ByteReader): number {
  if (kind === PayloadKind.bytes) return reader.remaining;
  return kind === PayloadKind.null ? NULL_LENGTH : ABSENT_LENGTH;
}

/** Whether the bytes in the reader are those of a key. */
export function isPayloadOf(key: number, reader: ByteReader): boolean {
  const { bytes, position, end } = reader;
  const shift = startOf(key) - position;
  for (let at = position; at < end; at++) if (bytes[at] !== PATTERN[at + shift]) return false;
  return true;
}

/** Fills a part of a buffer with bytes that look like chance. */
export function fill(bytes: Uint8Array, start: number, end: number, key: number): void {
  const from = startOf(key);
  bytes.set(PATTERN.subarray(from, from + end - start), start);
}

function startOf(key: number): number {
  return (key >>> 0) % KEYS;
}

/** The key of a message of a stream. */
export function streamKey(id: number, isInput: boolean, sequence: number): number {
  return Math.imul(id, 31) + sequence * 257 + (isInput ? 13 : 0);
}
