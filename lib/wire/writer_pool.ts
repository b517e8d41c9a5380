/**
 * Buffers for batches, used again and again.
 *
 * @module
 */

import { ByteWriter } from "./byte_writer.ts";

/** The size of a fresh buffer, in bytes: small, as thousands of connections may say a word each at one time; those in use grow and stay so. */
export const WRITER_BYTES: number = 4 * 1024;
/** A buffer that has grown beyond this is not kept. */
const MAX_KEPT_BYTES = 1024 * 1024;
const MAX_KEPT = 16;

/** A few buffers shared by all connections of a node, so that an idle connection holds none. */
export class WriterPool {
  readonly #free: ByteWriter[] = [];

  /** An empty writer, which the caller owns until it gives it back. */
  take(): ByteWriter {
    return this.#free.pop() ?? new ByteWriter(WRITER_BYTES);
  }

  /** Takes a writer back; its bytes must not be in use any more. */
  give(writer: ByteWriter): void {
    if (this.#free.length >= MAX_KEPT || writer.bytes.length > MAX_KEPT_BYTES) return;
    writer.position = 0;
    this.#free.push(writer);
  }
}
