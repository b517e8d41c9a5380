/**
 * Payloads on their way into a batch or a queue.
 *
 * @module
 */

import type { Codec } from "../codec/codec.ts";
import { InternodeError } from "../errors.ts";
import type { BatchWriter } from "../wire/batch_writer.ts";
import { HEADER_BYTES, PayloadKind } from "../wire/frame.ts";
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

/** A payload that travels as it is. */
export function rawBytes(value: unknown): Uint8Array<ArrayBuffer> {
  if (value instanceof Uint8Array) {
    const bytes = value as Uint8Array<ArrayBuffer>;
    if (bytes.length === 0 && bytes.buffer.detached) throw payloadLost("caller", "notSent");
    return bytes;
  }
  throw new InternodeError("InvalidPayload", `A Uint8Array was expected, not ${typeof value}.`, {
    origin: "caller",
    outcome: "notSent",
  });
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
  return new InternodeError(
    "InvalidArgument",
    "The stream was ended by the very code that encodes its message.",
    { origin: "caller" },
  );
}
