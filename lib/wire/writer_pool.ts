/**
 * Reusable buffers for batches.
 *
 * @module
 */

import { ByteWriter } from "./byte_writer.ts";

/** The size of a fresh buffer, in bytes: small, because thousands of connections may each send a little at the same time; those in use grow and stay grown. */
export const WRITER_BYTES: number = 4 * 1024;
/** A buffer that has grown beyond this is not kept. */
const MAX_KEPT_BYTES = 1024 * 1024;
const MAX_KEPT = 16;

/** A few buffers shared by all connections of a node, so that an idle connection holds none. */
export class WriterPool {
  readonly #free: ByteWriter[] = [];

  /** An empty writer, which the caller owns until it returns it. */
  take(): ByteWriter {
    return this.#free.pop() ?? new ByteWriter(WRITER_BYTES);
  }

  /** Takes a writer back; its bytes must no longer be in use. */
  give(writer: ByteWriter): void {
    if (this.#free.length >= MAX_KEPT || writer.bytes.length > MAX_KEPT_BYTES) return;
    writer.position = 0;
    this.#free.push(writer);
  }
}
