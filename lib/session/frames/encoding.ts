/**
 * Encodes values into a batch, which may run user code: codecs and getters.
 *
 * @module
 */

import type { Codec } from "../../codec/format/codec.ts";
import { InternodeError } from "../../errors.ts";
import { isOwnError } from "../../foreign/own_error.ts";
import { sentence, textOf } from "../../foreign/text_of.ts";
import { disregard, thenOf } from "../../foreign/thenable.ts";
import type { BatchWriter } from "../../wire/batch_writer.ts";
import { ByteWriter } from "../../wire/byte_writer.ts";

const FIRST_BYTES = 64;

/**
 * Keeps a frame in one piece while its value is encoded. A getter of the value,
 * or a codec of the user, may make calls, end streams or close the connection:
 * these frames are deferred until the frame is complete.
 */
export class Encoding {
  /** Whether a value is being encoded into a batch. */
  isOn = false;
  #deferred: (() => void)[] | null = null;

  /** Writes a value after the frame header at `header`; if that fails, the frame is removed. */
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

  /** Encodes a value apart, because another one is being encoded into the batch. */
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

  /** Runs the deferred actions: the frame is complete or removed. */
  runDeferred(): void {
    const deferred = this.#deferred;
    if (deferred === null) return;
    this.#deferred = null;
    for (const action of deferred) action();
  }
}

/**
 * Runs the codec. It must not write later, into the middle of other frames.
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
  disregard(returned);
  throw notEncoded(
    new TypeError("The codec's encode returned a promise; it must write at once."),
  );
}

/** An error of another kind, such as one that a getter passes on, would be wrong for this call. */
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
