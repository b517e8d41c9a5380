/**
 * Decodes payloads.
 *
 * @module
 */

import type { Codec } from "../../codec/format/codec.ts";
import { expectEnd } from "../../codec/values/whole.ts";
import { type ErrorCode, type ErrorOutcome, InternodeError } from "../../errors.ts";
import { isOwnError } from "../../foreign/own_error.ts";
import { textOf } from "../../foreign/text_of.ts";
import type { ByteReader } from "../../wire/byte_reader.ts";
import { INTERACTIVE_BYTES, PayloadKind } from "../../wire/frame.ts";
import { LEAST_LENT_BYTES, STREAM_MEMORY } from "../../wire/lending_pool.ts";

/**
 * Decodes a payload of any kind.
 *
 * @throws {InternodeError} `InvalidPayload` when it does not fit the codec.
 */
export function decodePayload<T>(codec: Codec<T>, kind: number, reader: ByteReader): T {
  if (kind === PayloadKind.bytes) {
    const value = codec.decode(reader);
    if (reader.position !== reader.end) expectEnd(reader);
    return value;
  }
  if (kind === PayloadKind.null) {
    if (codec.nullable === true) return null as T;
    throw mismatch("null");
  }
  if (codec.optional === true) return undefined as T;
  throw mismatch("no payload");
}

/**
 * The same, of a stream's message, which may be lent to its reader.
 *
 * @param lends Whether it is, if it is not small; the codec is that of raw bytes then.
 */
export function decodeMessage<T>(
  codec: Codec<T>,
  kind: number,
  reader: ByteReader,
  lends: boolean,
): T {
  const isLent = lends && kind === PayloadKind.bytes && reader.remaining > LEAST_LENT_BYTES;
  return isLent ? STREAM_MEMORY.borrow(reader) as T : decodePayload(codec, kind, reader);
}

function mismatch(what: string): InternodeError {
  return new InternodeError(
    "InvalidPayload",
    `The peer sent ${what}, which the contract does not allow.`,
    {
      origin: "remote",
    },
  );
}

/**
 * The error for the sender of a message that cannot be decoded. A value that
 * would take too much memory has another code than bytes that do not fit.
 *
 * @param what The message, with its article and a capital: `The request`.
 */
export function unreadable(what: string, error: unknown, outcome: ErrorOutcome): InternodeError {
  const { code, message } = invalidPayload(error);
  const isRoom = code === "Overloaded" || code === "MessageTooLarge";
  return new InternodeError(
    isRoom ? code : "InvalidPayload",
    `${what} cannot be read: ${message}`,
    { origin: code === "Overloaded" ? "remote" : "caller", outcome },
  );
}

/**
 * Whether a message must be refused, because the values of running calls leave
 * no room at all. Small ones never are: the number of calls limits them.
 */
export function hasNoRoom(reader: ByteReader): boolean {
  return reader.end - reader.position > INTERACTIVE_BYTES && reader.room.roomBytes <= 0;
}

/** The error for its sender. */
export function noRoom(name: string): InternodeError {
  const message =
    `The decoded values of running calls leave no room for this call of ${name} (limit decodedBudgetBytes of this node). Try again later.`;
  return new InternodeError("Overloaded", message, { origin: "remote", outcome: "notExecuted" });
}

/** The codes for payloads. A codec may throw other errors of this library, which do not belong to this call. */
const PAYLOAD_CODES: ReadonlySet<ErrorCode> = new Set([
  "InvalidPayload",
  "MessageTooLarge",
  "Overloaded",
]);

/** The library's error for a failure of a codec. */
export function invalidPayload(error: unknown): InternodeError {
  if (isOwnError(error) && PAYLOAD_CODES.has(error.code)) return error;
  const text = textOf(error);
  return new InternodeError("InvalidPayload", text, { cause: error });
}
