/**
 * Payloads of messages that are sent or queued.
 *
 * @module
 */

import type { Codec } from "../../codec/format/codec.ts";
import { InternodeError, invalidArgument } from "../../errors.ts";
import type { BatchWriter } from "../../wire/batch_writer.ts";
import type { ByteWriter } from "../../wire/byte_writer.ts";
import { HEADER_BYTES, PayloadKind } from "../../wire/frame.ts";
import { isBytes, isDetached, isUsual, lengthOf, plainBytes } from "../../foreign/plain_bytes.ts";
import { payloadLost } from "./wire_error.ts";

/** The kind of payload: the frame carries null and absent values if the codec leaves them to it. */
export function payloadKind<T>(codec: Codec<T>, value: T): number {
  if (value === undefined && codec.optional === true) return PayloadKind.absent;
  if (value === null && codec.nullable === true) return PayloadKind.null;
  return PayloadKind.bytes;
}

/** A copy of the payload after `header`. */
export function payloadOf({ writer }: BatchWriter, header: number): Uint8Array<ArrayBuffer> {
  return writer.bytes.slice(header + HEADER_BYTES, writer.position);
}

/** A payload of raw bytes. Before it is kept, {@linkcode plainBytes} makes it a plain `Uint8Array`. */
export function rawBytes(value: unknown): Uint8Array<ArrayBuffer> {
  return isUsual(value) ? value : unusualBytes(value);
}

function unusualBytes(value: unknown): Uint8Array<ArrayBuffer> {
  if (!isBytes(value)) {
    const message = `A Uint8Array was expected, not ${typeof value}.`;
    throw new InternodeError("InvalidPayload", message, { origin: "caller", outcome: "notSent" });
  }
  if (isDetached(value)) throw payloadLost("caller", "notSent");
  return plainBytes(value);
}

/** Copies a payload of a known length into a batch; runs no user code. */
export function copyInto(writer: ByteWriter, payload: Uint8Array, length: number): void {
  writer.ensure(length);
  writer.bytes.set(payload, writer.position);
  writer.position += length;
}

/** The size of a value of raw bytes; 0 for any other. Never throws. */
export function sizeOf(value: unknown): number {
  return isBytes(value) ? lengthOf(value) : 0;
}

/** The error of a message whose stream was ended by user code while it was encoded. */
export function endedMeanwhile(): InternodeError {
  return invalidArgument("The codec of a message ended the stream while it encoded that message.");
}
