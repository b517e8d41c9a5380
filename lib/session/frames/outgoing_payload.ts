/**
 * Payloads on their way into a batch or a queue.
 *
 * @module
 */

import type { Codec } from "../../codec/format/codec.ts";
import { InternodeError, invalidArgument } from "../../errors.ts";
import type { BatchWriter } from "../../wire/batch_writer.ts";
import { HEADER_BYTES, PayloadKind } from "../../wire/frame.ts";
import { isBytes, isDetached, lengthOf, plainBytes, tells } from "../../wire/plain_bytes.ts";
import { payloadLost } from "./wire_error.ts";

/** Null and absent values are told by the frame where the codec leaves them to it. */
export function payloadKind<T>(codec: Codec<T>, value: T): number {
  if (value === undefined && codec.optional === true) return PayloadKind.absent;
  if (value === null && codec.nullable === true) return PayloadKind.null;
  return PayloadKind.bytes;
}

/** A copy of the payload begun at `header`. */
export function payloadOf({ writer }: BatchWriter, header: number): Uint8Array<ArrayBuffer> {
  return writer.bytes.slice(header + HEADER_BYTES, writer.position);
}

/** A payload that travels as it is. Before it is kept, {@linkcode plainBytes} takes what a user's class may do from it. */
export function rawBytes(value: unknown): Uint8Array<ArrayBuffer> {
  if (!isBytes(value)) {
    const message = `A Uint8Array was expected, not ${typeof value}.`;
    throw new InternodeError("InvalidPayload", message, { origin: "caller", outcome: "notSent" });
  }
  const length = lengthOf(value);
  if (length === 0 && isDetached(value)) throw payloadLost("caller", "notSent");
  return tells(value, length) ? value : plainBytes(value);
}

/** How many bytes a value that travels as it is has; 0 for any other. Never throws. */
export function sizeOf(value: unknown): number {
  return isBytes(value) ? lengthOf(value) : 0;
}

/** One behind the other. */
export function concat(first: Uint8Array, second: Uint8Array): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(first.length + second.length);
  whole.set(first);
  whole.set(second, first.length);
  return whole;
}

/** What is told of a message whose stream the user's code has ended while it was encoded. */
export function endedMeanwhile(): InternodeError {
  return invalidArgument("The stream was ended by the very code that encodes its message.");
}
