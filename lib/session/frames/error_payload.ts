/**
 * The payloads of errors that are about to be sent.
 *
 * @module
 */

import type { InternodeError } from "../../errors.ts";
import { ByteWriter } from "../../wire/byte_writer.ts";
import { writeError } from "./wire_error.ts";

/** While more bytes than this wait to be sent, errors are sent with a short text, no detail and no metadata: a peer might provoke many at once. */
export const FULL_ERRORS_BYTES: number = 1024 * 1024;
const SHORT_TEXT_BYTES = 64;

/**
 * The bytes of an error, valid until the next call.
 *
 * @param metadata Both blocks of the answer's metadata; `null` for none.
 * @param pendingBytes How many bytes wait to be sent.
 */
export function errorPayload(
  error: InternodeError,
  detail: Uint8Array | null,
  metadata: Uint8Array | null,
  pendingBytes: number,
): Uint8Array<ArrayBuffer> {
  WRITER.position = 0;
  if (pendingBytes > FULL_ERRORS_BYTES) writeError(WRITER, error, null, SHORT_TEXT_BYTES);
  else writeError(WRITER, error, detail, undefined, metadata);
  return WRITER.bytes.subarray(0, WRITER.position);
}

const WRITER = new ByteWriter(256);
