/**
 * A growing buffer that frames and codecs write into in place.
 *
 * @module
 */

import { DEFAULT_MAX_ITEMS } from "./item_count.ts";
import { lengthOf } from "../foreign/plain_bytes.ts";

/**
 * A buffer with a write position. Codecs call {@linkcode ByteWriter.ensure}
 * once for what they are about to write, then write to `bytes` or `view` at
 * `position` and advance it.
 *
 * `bytes` and `view` are replaced when the buffer grows, so read them again
 * after each `ensure`.
 *
 * @example
 * ```ts
 * import { ByteWriter } from "@internode/grid/codec";
 * import { assertEquals } from "@std/assert";
 *
 * const writer = new ByteWriter(16);
 * writer.ensure(4);
 * writer.view.setUint32(writer.position, 7, true);
 * writer.position += 4;
 * assertEquals(writer.bytes.subarray(0, writer.position), new Uint8Array([7, 0, 0, 0]));
 * ```
 */
export class ByteWriter {
  /** The buffer; only the bytes before `position` are valid. */
  bytes: Uint8Array<ArrayBuffer>;
  /** A view of the whole of `bytes`. */
  view: DataView<ArrayBuffer>;
  /** Where the next byte goes. */
  position = 0;
  /** How many items of lists, maps and the like were written so far. */
  items = 0;
  /** How many the message may have in all; see the option `maxItems` of lists. */
  maxItems: number = DEFAULT_MAX_ITEMS;

  /**
   * Allocates the buffer.
   *
   * @param initialBytes Its first size in bytes. Default: 256.
   */
  constructor(initialBytes = 256) {
    this.bytes = new Uint8Array(initialBytes);
    this.view = new DataView(this.bytes.buffer);
  }

  /**
   * Makes room for `count` more bytes after `position`.
   *
   * @param count How many bytes are about to be written.
   */
  ensure(count: number): void {
    if (this.position + count > this.bytes.length) this.#grow(count);
  }

  #grow(count: number): void {
    const grown = new Uint8Array(Math.max(this.position + count, this.bytes.length * 2));
    grown.set(this.bytes.subarray(0, this.position));
    this.bytes = grown;
    this.view = new DataView(grown.buffer);
  }

  /**
   * Copies `source` to `position` and advances past it.
   *
   * @param source The bytes to copy.
   */
  append(source: Uint8Array): void {
    const length = lengthOf(source);
    this.ensure(length);
    this.bytes.set(source, this.position);
    this.position += length;
  }
}
