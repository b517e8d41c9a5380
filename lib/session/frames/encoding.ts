/**
 * Values on their way into a batch, which is user code at work: codecs, and getters.
 *
 * @module
 */

import type { Codec } from "../../codec/format/codec.ts";
import { InternodeError } from "../../errors.ts";
import { isOwnError } from "../../foreign/own_error.ts";
import { sentence, textOf } from "../../foreign/text_of.ts";
import { tell } from "../../foreign/guard.ts";
import { thenOf } from "../../foreign/thenable.ts";
import type { BatchWriter } from "../../wire/batch_writer.ts";
import { ByteWriter } from "../../wire/byte_writer.ts";

const FIRST_BYTES = 64;

/**
 * Keeps the frame whole in which a value is encoded. A getter of the value, or
 * a codec of the user's own, may make calls, end streams or close the
 * connection: what that writes waits until the frame is complete.
 */
export class Encoding {
  /** Whether a value is being encoded in the midst of a batch. */
  isOn = false;
  #deferred: (() => void)[] | null = null;

  /** Writes a value behind the frame header at `header`; if that fails, the frame is taken back. */
  into<T>(data: BatchWriter, header: number, codec: Codec<T>, value: T): void {
    this.isOn = true;
    try {
      encode(codec, value, data.writer);
      this.isOn = false;
    } catch (error) {
      data.rollback(header);
      this.isOn = false;
      this.runDeferred();
      throw error;
    }
  }

  /** The payload of a value that is sent while another one is encoded. */
  apart<T>(
    prefix: Uint8Array | null,
    codec: Codec<T>,
    value: T,
    isEmpty: boolean,
  ): Uint8Array<ArrayBuffer> {
    const writer = new ByteWriter(FIRST_BYTES);
    if (prefix !== null) writer.append(prefix);
    if (!isEmpty) encode(codec, value, writer);
    return writer.bytes.slice(0, writer.position);
  }

  /** Runs an action once the frame is complete. */
  defer(action: () => void): void {
    (this.#deferred ??= []).push(action);
  }

  /** Runs what was deferred: the frame is complete or taken back. */
  runDeferred(): void {
    const deferred = this.#deferred;
    if (deferred === null) return;
    this.#deferred = null;
    for (const action of deferred) action();
  }
}

/**
 * Lets the codec write. What it writes later would go into the midst of other frames.
 *
 * @throws {InternodeError} `InvalidPayload` or `MessageTooLarge`, whatever the codec or a getter of the value throws.
 */
function encode<T>(codec: Codec<T>, value: T, writer: ByteWriter): void {
  let returned: unknown;
  try {
    returned = codec.encode(value, writer);
  } catch (error) {
    throw notEncoded(error);
  }
  if (returned === undefined || thenOf(returned) === null) return;
  tell(() => returned, () => {});
  throw notEncoded(
    new TypeError("The codec's encode returned a promise; it must write at once."),
  );
}

/** An error of another kind, such as a getter may pass on, would say something untrue of this call. */
function notEncoded(error: unknown): InternodeError {
  if (
    isOwnError(error) && error.outcome === "notSent" &&
    (error.code === "InvalidPayload" || error.code === "MessageTooLarge")
  ) return error;
  return new InternodeError("InvalidPayload", `Cannot encode: ${sentence(textOf(error))}`, {
    origin: "caller",
    cause: error,
  });
}
