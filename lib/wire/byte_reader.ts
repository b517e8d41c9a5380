/**
 * Received bytes that codecs read in place.
 *
 * @module
 */

import { giveBack } from "./memory_return.ts";
import { type DecodedRoom, UNLIMITED_ROOM } from "./decoded_memory.ts";
import { partOf } from "./part_of.ts";
import { DEFAULT_MAX_ITEMS } from "./item_count.ts";
import { payloadMemory } from "./payload_memory.ts";

const SLAB_BYTES = 65_536;
/** Copies above this size get a buffer of their own, so that a kept view does not keep a whole slab alive. */
const MAX_SLAB_COPY_BYTES = 4_096;
/** Up to this size a loop over words copies faster than the runtime. */
const MAX_LOOP_BYTES = 128;

/**
 * The bytes of one message, from `position` to `end` within `bytes`. They are
 * valid only until the codec returns. Copy what you keep, by {@linkcode
 * ByteReader.takeBytes} or as strings and numbers.
 *
 * @example
 * ```ts
 * import { ByteReader } from "@internode/grid/codec";
 * import { assertEquals } from "@std/assert";
 *
 * const reader = new ByteReader();
 * reader.reset(new Uint8Array([1, 2, 3]), 0, 3);
 * assertEquals(reader.takeBytes(2), new Uint8Array([1, 2]));
 * assertEquals(reader.remaining, 1);
 * ```
 */
export class ByteReader {
  /** The buffer that holds the message, and other bytes around it. */
  bytes: Uint8Array = EMPTY;
  /** A view whose offset 0 is that of `bytes`. */
  view: DataView = EMPTY_VIEW;
  /** Where the next byte is read. */
  position = 0;
  /** Where the message ends; a codec never reads at or beyond it. */
  end = 0;
  /** Whether `bytes` belongs to this message alone, so that views of it may be kept. */
  owned = false;
  /** How many items of lists, maps and the like were read so far. */
  items = 0;
  /** How many the message may have in all; see the option `maxItems` of lists. */
  maxItems: number = DEFAULT_MAX_ITEMS;
  /** How much memory the values of its lists, maps and the like take so far, as an estimate in bytes; see the option `decodedBudgetBytes`. */
  decodedBytes = 0;
  /** How much they may take. Default: no limit. */
  room: DecodedRoom = UNLIMITED_ROOM;

  #slab: Uint8Array<ArrayBuffer> = EMPTY;
  #slabView: DataView<ArrayBuffer> = EMPTY_VIEW;
  #slabUsed = 0;

  /** How many bytes are left to read. */
  get remaining(): number {
    return this.end - this.position;
  }

  /**
   * Points this reader at another message.
   *
   * @param bytes The buffer.
   * @param position Where the message starts.
   * @param end Where it ends.
   * @param view A view of `bytes`, if there is one already. Default: a new one.
   * @param owned Whether views of `bytes` may be kept. Default: `false`.
   */
  reset(bytes: Uint8Array, position: number, end: number, view?: DataView, owned = false): void {
    this.bytes = bytes;
    this.view = view ?? new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.position = position;
    this.end = end;
    this.owned = owned;
    this.items = 0;
    this.maxItems = DEFAULT_MAX_ITEMS;
    this.decodedBytes = 0;
  }

  /** Releases the message, so that it can be garbage-collected. */
  release(): void {
    this.reset(EMPTY, 0, 0, EMPTY_VIEW);
  }

  /**
   * Reads `count` bytes as an array that the caller may keep.
   *
   * @param count How many; at most {@linkcode ByteReader.remaining}, or a `RangeError` is thrown.
   * @returns A view of a copy, or of the message itself if it is owned.
   */
  takeBytes(count: number): Uint8Array<ArrayBuffer> {
    const start = this.position, next = start + count, from = this.#slabUsed, to = from + count;
    const isUsual = count >= 0 && count <= MAX_SLAB_COPY_BYTES && to <= this.#slab.length;
    if (!isUsual || next > this.end || this.owned) return this.#takeOther(count);
    this.position = next;
    this.#slabUsed = to;
    const copy = partOf(this.#slab, from, to);
    if (count <= MAX_LOOP_BYTES) this.#copyWords(start, next, from);
    else copy.set(partOf(this.bytes, start, next));
    return copy;
  }

  /** By itself, so that V8 compiles the usual way with what calls it. */
  #takeOther(count: number): Uint8Array<ArrayBuffer> {
    const start = this.position, next = start + count;
    if (count < 0 || next > this.end) {
      throw new RangeError(`${count} bytes wanted, ${this.remaining} left`);
    }
    if (!this.owned && count <= MAX_SLAB_COPY_BYTES) {
      this.#slab = new Uint8Array(SLAB_BYTES);
      this.#slabView = new DataView(this.#slab.buffer);
      this.#slabUsed = 0;
      return this.takeBytes(count);
    }
    this.position = next;
    if (this.owned) return partOf(this.bytes as Uint8Array<ArrayBuffer>, start, next);
    // Half as expensive as slice(), which looks up the species first.
    const copy = payloadMemory(count);
    copy.set(partOf(this.bytes, start, next));
    return copy;
  }

  /**
   * Reads all that is left into an array of the caller.
   *
   * @param target Where the bytes go, from its beginning. One that is too small is a `RangeError`.
   * @returns How many bytes there were.
   */
  readInto(target: Uint8Array): number {
    const { bytes, remaining } = this;
    target.set(bytes.subarray(this.position, this.end));
    this.position = this.end;
    // Nobody else has it.
    if (this.owned) giveBack(bytes);
    return remaining;
  }

  /** Copies into the slab; for what is a few words long a loop beats `set`, and a view to give it. */
  #copyWords(start: number, end: number, to: number): void {
    const { bytes, view } = this;
    const slab = this.#slab, slabView = this.#slabView;
    let at = start;
    for (; at + 8 <= end; at += 8, to += 8) {
      slabView.setBigUint64(to, view.getBigUint64(at, true), true);
    }
    for (; at < end; at++, to++) slab[to] = bytes[at]!;
  }
}

const EMPTY = new Uint8Array(0);
const EMPTY_VIEW = new DataView(EMPTY.buffer);
