/**
 * Payloads into values.
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
 * What its sender is told of a message that cannot be read. One whose value
 * would take too much memory is another matter than bytes that do not fit.
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
 * Whether a message is to be refused, whatever it is, as values under way leave
 * no room at all. Small ones never are: how many calls there are bounds them.
 */
export function hasNoRoom(reader: ByteReader): boolean {
  return reader.end - reader.position > INTERACTIVE_BYTES && reader.room.roomBytes <= 0;
}

/** What its sender is told then. */
export function noRoom(name: string): InternodeError {
  const message =
    `The decoded values of running calls leave no room for this call of ${name} (limit decodedBudgetBytes of this node). Try again later.`;
  return new InternodeError("Overloaded", message, { origin: "remote", outcome: "notExecuted" });
}

/** What can be wrong with a payload. A codec may throw other errors of this library; they say nothing of this call. */
const PAYLOAD_CODES: ReadonlySet<ErrorCode> = new Set([
  "InvalidPayload",
  "MessageTooLarge",
  "Overloaded",
]);

/** What went wrong with a payload, as the library's own error. */
export function invalidPayload(error: unknown): InternodeError {
  if (isOwnError(error) && PAYLOAD_CODES.has(error.code)) return error;
  const text = textOf(error);
  return new InternodeError("InvalidPayload", text, { cause: error });
}
