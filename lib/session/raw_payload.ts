/**
 * Payloads that are bytes already.
 *
 * @module
 */

import { InternodeError } from "../errors.ts";
import { payloadLost } from "./wire_error.ts";

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
