/**
 * Errors on the wire.
 *
 * @module
 */

import { type ErrorCode, type ErrorOutcome, InternodeError } from "../errors.ts";
import type { ByteReader } from "../wire/byte_reader.ts";
import type { ByteWriter } from "../wire/byte_writer.ts";

/** Error codes by their number in an error, cancel or goodbye frame; PROTOCOL.md lists them. */
const CODES: readonly (ErrorCode | undefined)[] = [
  undefined,
  "Unreachable",
  "Disconnected",
  "DeadlineExceeded",
  "Cancelled",
  "UnknownHandler",
  "HandlerFailed",
  "InvalidPayload",
  "MessageTooLarge",
  "Overloaded",
  "Refused",
  "ProtocolError",
  "Closed",
  "InvalidArgument",
];
const OUTCOMES: readonly ErrorOutcome[] = ["notSent", "notExecuted", "maybeExecuted", "executed"];

/** The longest error text that is sent, in UTF-8 bytes; the rest is cut off. */
export const MAX_ERROR_TEXT_BYTES = 4096;
/** The longest text of a goodbye: during the handshake, batches are small. */
export const MAX_GOODBYE_TEXT_BYTES = 2048;
const FLAG_DETAIL = 1;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** The number of an error code. */
export function errorNumber(code: ErrorCode): number {
  return CODES.indexOf(code);
}

/** The error code of a number; one from a later version of the protocol reads as `fallback`. */
export function errorCode(number: number, fallback: ErrorCode): ErrorCode {
  return CODES[number] ?? fallback;
}

/** Cuts a text to so many bytes of UTF-8, between two characters, and gives them. */
export function errorText(text: string, maxBytes = MAX_ERROR_TEXT_BYTES): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(Math.min(text.length * 3, maxBytes));
  const { written } = encoder.encodeInto(text, bytes);
  return bytes.subarray(0, written);
}

/**
 * Writes the payload of an error frame: u8 outcome, u8 flags (1: detail),
 * u16 text length, the text, the detail.
 *
 * @param detail The detail's bytes, already encoded, or `null`.
 */
export function writeError(
  writer: ByteWriter,
  error: InternodeError,
  detail: Uint8Array | null,
): void {
  const text = errorText(error.message);
  writer.ensure(4);
  const { view, position } = writer;
  view.setUint8(position, OUTCOMES.indexOf(error.outcome));
  view.setUint8(position + 1, detail === null ? 0 : FLAG_DETAIL);
  view.setUint16(position + 2, text.length, true);
  writer.position = position + 4;
  writer.append(text);
  if (detail !== null) writer.append(detail);
}

/** An error frame taken apart. */
export interface WireError {
  /** What happened. */
  readonly code: ErrorCode;
  /** How far the call got. */
  readonly outcome: ErrorOutcome;
  /** The text. */
  readonly message: string;
  /** Whether the reader now stands before a detail. */
  readonly hasDetail: boolean;
}

/**
 * Reads the payload of an error frame, up to the detail.
 *
 * @param number The frame's `code`.
 * @returns The parts; `null` for a malformed payload.
 */
export function readError(number: number, reader: ByteReader): WireError | null {
  if (reader.remaining < 4) return null;
  const { view, position } = reader;
  const length = view.getUint16(position + 2, true);
  if (reader.remaining < 4 + length) return null;
  const text = reader.bytes.subarray(position + 4, position + 4 + length);
  reader.position = position + 4 + length;
  return {
    code: errorCode(number, "HandlerFailed"),
    outcome: OUTCOMES[view.getUint8(position)] ?? "maybeExecuted",
    message: decoder.decode(text),
    hasDetail: (view.getUint8(position + 1) & FLAG_DETAIL) !== 0,
  };
}

/** Reads a text of a goodbye or cancel frame; what is not UTF-8 shows as U+FFFD. */
export function readText(reader: ByteReader): string {
  const end = Math.min(reader.end, reader.position + MAX_ERROR_TEXT_BYTES);
  return decoder.decode(reader.bytes.subarray(reader.position, end));
}

/** The error that ends a connection whose peer broke the protocol. */
export function protocolError(message: string): InternodeError {
  return new InternodeError("ProtocolError", message, {
    origin: "remote",
    outcome: "maybeExecuted",
  });
}

/** The error that ends a connection which does not work any more. */
export function disconnected(message: string, origin: "network" | "remote"): InternodeError {
  return new InternodeError("Disconnected", message, { origin, outcome: "maybeExecuted" });
}
