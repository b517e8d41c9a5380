/**
 * Memory that is lent and returned.
 *
 * @module
 */

import type { ByteReader } from "./byte_reader.ts";
import { bufferOf } from "../foreign/plain_bytes.ts";
import { partOf } from "./part_of.ts";
import { payloadMemory } from "./payload_memory.ts";

const LEAST_BYTES = 4 * 1024;
/** Behind what is lent: for the head of the next batch (`BatchReader`), or for those of two pieces in a `ReceiveRing`, at most 40 bytes each. */
const SPARE_BYTES = 128;
const LARGEST_BYTES = 1024 * 1024 + SPARE_BYTES;
/** How many unused bytes are kept at most. */
const MAX_FREE_BYTES = 8 * 1024 * 1024;

/**
 * Lends arrays whose memory is used again. A returned array is detached:
 * whoever still holds it finds it empty, and never sees the bytes of others.
 * Moving memory to a new array (`ArrayBuffer.transfer`) costs 1 µs. A new array
 * of 64 KiB costs 6 to 9 µs, mostly for garbage collection.
 */
export class LendingPool {
  /** How many bytes are unused. */
  freeBytes = 0;

  readonly #free = new Map<number, ArrayBuffer[]>();

  /** Lends an array of that size. Its contents are undefined. */
  lend(bytes: number): Uint8Array<ArrayBuffer> {
    return this.#lendFrom(sizeFor(bytes), bytes);
  }

  /** The same where nothing is read behind what is lent, so that the bytes for that are used, too. */
  lendTightly(bytes: number): Uint8Array<ArrayBuffer> {
    return this.#lendFrom(sizeFor(bytes - SPARE_BYTES), bytes);
  }

  #lendFrom(size: number, bytes: number): Uint8Array<ArrayBuffer> {
    if (size > LARGEST_BYTES) return payloadMemory(bytes);
    const buffer = this.#free.get(size)?.pop();
    if (buffer === undefined) return new Uint8Array(new ArrayBuffer(size), 0, bytes);
    this.freeBytes -= size;
    return new Uint8Array(buffer, 0, bytes);
  }

  /** All that is left in a reader, as bytes that are lent, or in the memory it was put together in. */
  borrow(reader: ByteReader): Uint8Array<ArrayBuffer> {
    const { bytes, position, end } = reader;
    if (reader.owned) return reader.takeBytes(end - position);
    const lent = this.lend(end - position);
    lent.set(partOf(bytes, position, end));
    reader.position = end;
    return lent;
  }

  /** Takes an array back, which is empty from then on. It may come from elsewhere. */
  takeBack(bytes: Uint8Array<ArrayBuffer>): void {
    const buffer = bufferOf(bytes);
    // Its user may have transferred it, for example to a worker.
    if (buffer.detached) return;
    const size = buffer.byteLength;
    if (!isPooled(bytes) || !this.#hasRoom(size)) {
      buffer.transfer(0);
      return;
    }
    const free = this.#free.get(size);
    if (free === undefined) this.#free.set(size, [buffer.transfer()]);
    else free.push(buffer.transfer());
    this.freeBytes += size;
  }

  /** Whether one more of that size may be kept. Other sizes, which nobody may want any more, leave half of the room to it. */
  #hasRoom(size: number): boolean {
    const own = size * (this.#free.get(size)?.length ?? 0);
    for (const [other, free] of this.#free) {
      if (own + size > MAX_FREE_BYTES / 2) break;
      if (other === size) continue;
      while (this.freeBytes + size > MAX_FREE_BYTES && free.length > 0) {
        free.pop()!.transfer(0);
        this.freeBytes -= other;
      }
    }
    return this.freeBytes + size <= MAX_FREE_BYTES;
  }
}

/** Messages of streams up to this size are copied and not lent: there are many of them, and the smallest piece of memory is as large. */
export const LEAST_LENT_BYTES: number = LEAST_BYTES;

/** The memory of messages that are lent to the readers of streams, and of receive rings that have grown, of all connections. */
export const STREAM_MEMORY: LendingPool = new LendingPool();

/** Whether that memory may be lent, and be used for something else as soon as it is taken back. */
export function isPooled(bytes: Uint8Array<ArrayBuffer>): boolean {
  const { byteLength } = bufferOf(bytes);
  return byteLength <= LARGEST_BYTES && byteLength === sizeFor(byteLength - SPARE_BYTES);
}

/** The next power of two, so that there are few sizes, and room for what is read with a message. */
function sizeFor(bytes: number): number {
  return SPARE_BYTES + (bytes <= LEAST_BYTES ? LEAST_BYTES : 2 ** (32 - Math.clz32(bytes - 1)));
}
