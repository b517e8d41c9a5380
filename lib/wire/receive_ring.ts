/**
 * The buffer in which received bytes wait until a batch is complete.
 *
 * @module
 */

import { STREAM_MEMORY } from "./lending_pool.ts";
import { partOf } from "./part_of.ts";

/**
 * A receive buffer that is read in place. The unread bytes are always
 * contiguous, from `head` to `tail`, so that a batch can be parsed in place.
 * When there is no room after `tail`, the rest, less than one batch, moves to
 * the front.
 *
 * Invariant after every call: `0 ≤ head ≤ tail ≤ bytes.length`.
 *
 * It grows when a batch needs more, fourfold when a read fills it, and goes back
 * to its first size when reads have been small for a while, so that an idle
 * connection holds little. Under bursts it grows and shrinks many times a second.
 * So what it has grown to is lent, as the memory of a stream's messages is: new
 * memory each time would live long enough to become old, and V8 looks through the
 * whole heap when enough of that is gone.
 */
export class ReceiveRing {
  /** The buffer. */
  bytes: Uint8Array<ArrayBuffer>;
  /** A view of the whole of `bytes`. */
  view: DataView<ArrayBuffer>;
  /** Where the unread bytes begin. */
  head = 0;
  /** Where the unread bytes end and the next read goes. */
  tail = 0;

  readonly #initialBytes: number;
  readonly #maxIdleBytes: number;
  #smallReads = 0;
  /** The buffer of a read that is pending while the ring is used, and its offset there. */
  #aside: Uint8Array<ArrayBuffer> | null = null;
  #asideTail = 0;
  /** One of the first size, kept for when it is needed again. */
  #spare: Uint8Array<ArrayBuffer> | null = null;

  /**
   * @param initialBytes The size when idle. Default: 2,048.
   * @param maxIdleBytes How far it grows to save reads. Default: 262,144.
   */
  constructor(initialBytes = 2_048, maxIdleBytes = 262_144) {
    this.#initialBytes = initialBytes;
    this.#maxIdleBytes = Math.max(initialBytes, maxIdleBytes);
    this.bytes = new Uint8Array(initialBytes);
    this.view = new DataView(this.bytes.buffer);
  }

  /** How many bytes are unread. */
  get length(): number {
    return this.tail - this.head;
  }

  /**
   * The place for the next read.
   *
   * @param wanted How many unread bytes there must be room for in all (a complete batch). Default: 0.
   * @returns A view that starts at `tail`, never empty. Use it for one read.
   */
  space(wanted = 0): Uint8Array<ArrayBuffer> {
    const { head, tail } = this;
    const unread = tail - head;
    let capacity = this.bytes.length;
    if (unread === 0) {
      this.head = this.tail = 0;
      if (this.#smallReads >= SMALL_READS) capacity = this.#initialBytes;
    }
    // A buffer that holds just one batch would have to move bytes again and again.
    capacity = Math.max(wanted * 2, capacity);
    if (capacity !== this.bytes.length) {
      this.#resize(capacity);
    } else if (
      this.head > 0 && (this.head + wanted > capacity || capacity - this.tail < capacity >> 2)
    ) {
      this.bytes.copyWithin(0, this.head, this.tail);
      this.head = 0;
      this.tail = unread;
    }
    if (this.tail === this.bytes.length) this.#resize(this.bytes.length * 2);
    return this.tail === 0 ? this.bytes : partOf(this.bytes, this.tail, this.bytes.length);
  }

  /**
   * Takes note of what a read has put into {@linkcode ReceiveRing.space}.
   *
   * @param count How many bytes.
   */
  commit(count: number): void {
    const room = this.bytes.length - this.tail;
    this.tail += count;
    const capacity = this.bytes.length;
    if (count === room && capacity < this.#maxIdleBytes) {
      this.#resize(Math.min(capacity * 4, this.#maxIdleBytes));
    } else if (count > capacity >> 3) {
      this.#smallReads = 0;
    } else {
      this.#smallReads++;
    }
  }

  /** Whether a read is under way beside others. */
  get hasAside(): boolean {
    return this.#aside !== null;
  }

  /** Leaves the space given last to the read under way, so that others may overtake it. Only while nothing is unread. */
  setAside(): void {
    const { bytes, tail } = this;
    this.#use(this.#take(this.#initialBytes), 0, 0);
    this.#aside = bytes;
    this.#asideTail = tail;
  }

  /**
   * Takes note of what the read that was set aside has brought: it follows
   * what is unread.
   *
   * @param count How many bytes.
   */
  takeBack(count: number): void {
    const aside = this.#aside!, from = this.#asideTail;
    if (this.length === 0) {
      this.#give(this.bytes);
      this.#use(aside, from, from);
    } else {
      this.space(this.length + count);
      this.bytes.set(aside.subarray(from, from + count), this.tail);
      this.#give(aside);
    }
    this.#aside = null;
    this.commit(count);
  }

  #take(capacity: number): Uint8Array<ArrayBuffer> {
    if (capacity !== this.#initialBytes) return STREAM_MEMORY.lendTightly(capacity);
    const bytes = this.#spare ?? new Uint8Array(capacity);
    this.#spare = null;
    return bytes;
  }

  /** Nothing is read into that memory any more. */
  #give(bytes: Uint8Array<ArrayBuffer>): void {
    if (bytes.length === this.#initialBytes) this.#spare = bytes;
    else STREAM_MEMORY.takeBack(bytes);
  }

  #use(bytes: Uint8Array<ArrayBuffer>, head: number, tail: number): void {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, 0, bytes.length);
    this.head = head;
    this.tail = tail;
  }

  #resize(capacity: number): void {
    const { bytes, head, tail } = this;
    const resized = this.#take(capacity);
    resized.set(bytes.subarray(head, tail));
    this.#use(resized, 0, tail - head);
    this.#give(bytes);
    this.#smallReads = 0;
  }
}

/** So many small reads in a row show that a large buffer is not needed any more. */
const SMALL_READS = 32;
