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
/** How many bytes are kept in all. */
const MAX_POOL_BYTES = 16 * 1024 * 1024;

/** A few buffers shared by all connections of a node, so that an idle connection holds none. */
export class WriterPool {
  readonly #free: ByteWriter[] = [];
  #bytes = 0;

  /** An empty writer, which the caller owns until it returns it. */
  take(): ByteWriter {
    const writer = this.#free.pop();
    if (writer === undefined) return new ByteWriter(WRITER_BYTES);
    this.#bytes -= writer.bytes.length;
    return writer;
  }

  /** Takes a writer back; its bytes must no longer be in use. */
  give(writer: ByteWriter): void {
    const { length } = writer.bytes;
    if (length > MAX_KEPT_BYTES || this.#bytes + length > MAX_POOL_BYTES) return;
    this.#bytes += length;
    writer.position = 0;
    this.#free.push(writer);
  }
}
