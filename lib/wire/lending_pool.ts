/**
 * Memory that is lent and comes back.
 *
 * @module
 */

import { bufferOf } from "./plain_bytes.ts";
import { payloadMemory } from "./payload_memory.ts";

const LEAST_BYTES = 4 * 1024;
const LARGEST_BYTES = 1024 * 1024;
/** So much may lie here unused. */
const MAX_FREE_BYTES = 8 * 1024 * 1024;

/**
 * Lends arrays whose memory is used again. One that was taken back is
 * detached: whoever still holds it finds it empty, and never sees the bytes of
 * somebody else. Moving memory to a new array (`ArrayBuffer.transfer`) costs
 * 1 µs, where an array of 64 KiB that is new each time costs 6 to 9, mostly in
 * what becomes of it later.
 */
export class LendingPool {
  /** How many bytes lie here unused. */
  freeBytes = 0;

  readonly #free = new Map<number, ArrayBuffer[]>();

  /** Lends so many bytes. What is in them is whatever was there before. */
  lend(bytes: number): Uint8Array<ArrayBuffer> {
    const size = sizeFor(bytes);
    if (size > LARGEST_BYTES) return payloadMemory(bytes);
    const buffer = this.#free.get(size)?.pop();
    if (buffer === undefined) return new Uint8Array(new ArrayBuffer(size), 0, bytes);
    this.freeBytes -= size;
    return new Uint8Array(buffer, 0, bytes);
  }

  /** Takes an array back, which is empty from then on. It need not come from here. */
  takeBack(bytes: Uint8Array<ArrayBuffer>): void {
    const buffer = bufferOf(bytes);
    // Its user may have sent it elsewhere, to a worker for example.
    if (buffer.detached) return;
    const size = buffer.byteLength;
    if (size !== sizeFor(size) || size > LARGEST_BYTES || this.freeBytes + size > MAX_FREE_BYTES) {
      buffer.transfer(0);
      return;
    }
    const free = this.#free.get(size);
    if (free === undefined) this.#free.set(size, [buffer.transfer()]);
    else free.push(buffer.transfer());
    this.freeBytes += size;
  }
}

/** The next power of two, so that there are few sizes. */
function sizeFor(bytes: number): number {
  return bytes <= LEAST_BYTES ? LEAST_BYTES : 2 ** (32 - Math.clz32(bytes - 1));
}
