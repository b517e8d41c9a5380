/**
 * Frames that wait to be written.
 *
 * @module
 */

import { Fifo } from "../../wire/fifo.ts";
import { STREAM_MEMORY } from "../../wire/lending_pool.ts";
import { frameBytes, writeFrame } from "./web_socket_frames.ts";

/** The first buffer's size; each further one of its own is twice as large, up to the most. */
const FIRST_BYTES = 4 * 1024;
const MOST_OWN_BYTES = 64 * 1024;
/** Larger ones are lent by {@linkcode STREAM_MEMORY}, and gather so much at most. */
const MOST_BYTES = 256 * 1024;

/** A buffer of which `start` to `end` waits to be written. */
interface Chunk {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly words: Uint32Array<ArrayBuffer>;
  start: number;
  end: number;
}

/**
 * Frames in order, in as few buffers as possible, so that all waiting frames
 * leave in one write. Bytes that are being written do not change while more are
 * added.
 */
export class FrameQueue {
  /** How many bytes wait. */
  bytes = 0;
  readonly #nextKey: (() => number) | null;
  readonly #chunks = new Fifo<Chunk>();
  #last: Chunk | undefined;
  #spare: Chunk | undefined;
  #nextBytes = FIRST_BYTES;

  /** @param nextKey Returns new random 32 bits for each frame's mask; `null` for no masks. */
  constructor(nextKey: (() => number) | null) {
    this.#nextKey = nextKey;
  }

  /**
   * Adds a frame.
   *
   * @param opcode What it is for.
   * @param payload Its payload, copied.
   */
  push(opcode: number, payload: Uint8Array<ArrayBuffer>): void {
    const nextKey = this.#nextKey;
    const length = frameBytes(payload.length, nextKey !== null);
    let chunk = this.#last;
    if (chunk === undefined || chunk.end + length > chunk.bytes.length) {
      chunk = this.#last = this.#chunkOf(length);
      this.#chunks.push(chunk);
    }
    const { bytes, words, end } = chunk;
    chunk.end = writeFrame(bytes, words, end, opcode, payload, nextKey?.() ?? null);
    this.bytes += length;
  }

  /** What to write next; `undefined` if nothing waits. */
  peek(): Uint8Array<ArrayBuffer> | undefined {
    const chunk = this.#chunks.peek();
    return chunk?.bytes.subarray(chunk.start, chunk.end);
  }

  /**
   * Removes what was written.
   *
   * @param count How many bytes of the result of `peek`.
   */
  advance(count: number): void {
    const chunk = this.#chunks.peek()!;
    chunk.start += count;
    this.bytes -= count;
    if (chunk.start < chunk.end) return;
    this.#chunks.shift();
    if (chunk === this.#last) this.#last = undefined;
    chunk.start = chunk.end = 0;
    if (chunk.bytes.length > MOST_OWN_BYTES) return STREAM_MEMORY.takeBack(chunk.bytes);
    // Keeps the larger one of two.
    const enough = this.#spare?.bytes.length ?? 0;
    if (chunk.bytes.length > enough) this.#spare = chunk;
  }

  /** Lets go of everything. */
  clear(): void {
    this.#chunks.clear();
    this.#last = this.#spare = undefined;
    this.bytes = 0;
  }

  #chunkOf(length: number): Chunk {
    const spare = this.#spare;
    if (spare !== undefined && spare.bytes.length >= length) {
      this.#spare = undefined;
      return spare;
    }
    // As much as waits already: where writes take long, much gathers meanwhile.
    const bytes = Math.max(length, Math.min(this.bytes, MOST_BYTES));
    if (bytes > MOST_OWN_BYTES) return chunkIn(STREAM_MEMORY.lendTightly(bytes).buffer);
    while (this.#nextBytes < bytes) this.#nextBytes *= 2;
    const buffer = new ArrayBuffer(this.#nextBytes);
    this.#nextBytes = Math.min(this.#nextBytes * 2, MOST_OWN_BYTES);
    return chunkIn(buffer);
  }
}

function chunkIn(buffer: ArrayBuffer): Chunk {
  const bytes = new Uint8Array(buffer), words = new Uint32Array(buffer, 0, buffer.byteLength >>> 2);
  return { bytes, words, start: 0, end: 0 };
}
