/**
 * How much memory decoded values take, beside the bytes of their message.
 *
 * What can stand in a message without end is counted as it is read: a byte can
 * be an empty map, which takes 200. Every codec knows what the least of its
 * values takes, or the most where that is bounded; lists and maps count that for
 * all their items before they read the first. Lists and maps that are not empty,
 * and dynamic, lazy and union values, count what they take beyond that. The
 * figures are those of V8 with pointers of 8 bytes, measured, and rounded up to
 * the worst that fits the type.
 *
 * @module
 */

import { InternodeError } from "../../errors.ts";
import type { ByteReader } from "../../wire/byte_reader.ts";

/** A number, in its place or beside it. */
export const SCALAR_BYTES = 8;
/** A string, beside its text, or a `bigint`, beside its digits. */
export const TEXT_BYTES = 24;
/** A `Uint8Array`, beside its memory. */
export const VIEW_BYTES = 112;
/** A `Date`. */
export const DATE_BYTES = 96;
/** An object with the fields of a record. */
export const OBJECT_BYTES = 56;
/** Each field of it, of which some may be added late. */
export const FIELD_BYTES = 16;
/** An object with any keys. */
export const PLAIN_OBJECT_BYTES = 184;
/** Each key of it, and its place. */
export const KEY_BYTES = 64;
/** An array with nothing in it. */
export const EMPTY_LIST_BYTES = 32;
/** An array with something in it, beside that: it begins with 17 places. */
export const LIST_BYTES = 168;
/** Each place of an array, of which a third may be empty. */
export const PLACE_BYTES = 12;
/** A `Map`. */
export const MAP_BYTES = 184;
/** Each entry of a `Map`, of which half may be empty, and its key. */
export const ENTRY_BYTES: number = 56 + TEXT_BYTES;
/** What a codec that is not ours makes of a value. */
export const UNKNOWN_BYTES = 64;

/**
 * Counts memory that is about to be taken.
 *
 * @param reader Where the message is read; its room is what bounds it.
 * @param bytes How much. Throws an `InternodeError` if that is too much in all.
 */
export function takeMemory(reader: ByteReader, bytes: number): void {
  if ((reader.decodedBytes += bytes) > reader.room.roomBytes) tooMuch(reader);
}

/**
 * How much memory a message takes for as long as its value is held: with the
 * bytes that became texts; nothing for one of a few fields, which is bounded by
 * its bytes.
 *
 * @param reader Where it was read.
 * @param bytes How many bytes it had.
 */
export function memoryOf(reader: ByteReader, bytes: number): number {
  return reader.decodedBytes === 0 ? 0 : reader.decodedBytes + bytes;
}

function tooMuch({ decodedBytes, room }: ByteReader): never {
  const { mostBytes } = room;
  if (decodedBytes > mostBytes) {
    throw new InternodeError(
      "MessageTooLarge",
      `Cannot decode: the message's values take more than ${mostBytes} bytes of memory, half of ` +
        "limit decodedBudgetBytes. Send it as a stream of smaller ones, or raise the limit here.",
      { origin: "remote" },
    );
  }
  throw new InternodeError(
    "Overloaded",
    `Cannot decode: the message's values take ${decodedBytes} bytes of memory or more, and those of ` +
      "the calls under way leave no room for that (limit decodedBudgetBytes). Try again later.",
    { origin: "remote" },
  );
}
