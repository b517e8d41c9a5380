/**
 * Payloads into values.
 *
 * @module
 */

import type { Codec } from "../codec/codec.ts";
import { expectEnd } from "../codec/whole.ts";
import { InternodeError } from "../errors.ts";
import { isOwnError } from "../foreign/own_error.ts";
import { textOf } from "../foreign/text_of.ts";
import type { ByteReader } from "../wire/byte_reader.ts";
import { PayloadKind } from "../wire/frame.ts";

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
  throw mismatch("no payload at all");
}

function mismatch(what: string): InternodeError {
  return new InternodeError(
    "InvalidPayload",
    `The contract does not allow for ${what}; the peer sent that.`,
    {
      origin: "remote",
    },
  );
}

/** What went wrong with a payload, as the library's own error. */
export function invalidPayload(error: unknown): InternodeError {
  if (isOwnError(error)) return error;
  const text = textOf(error);
  return new InternodeError("InvalidPayload", text, { cause: error });
}
