/**
 * Finds complete batches in a stream of bytes.
 *
 * @module
 */

import { InternodeError } from "../errors.ts";
import { ENVELOPE_BYTES } from "./batch_seal.ts";
import type { Checksum } from "./checksum.ts";
import { MAX_BATCH_BYTES, MAX_HANDSHAKE_BATCH_BYTES } from "./limits.ts";
import { FrameType, HEADER_BYTES, isOneMessage } from "./frame.ts";
import { partOf } from "./part_of.ts";
import { ReceiveRing } from "./receive_ring.ts";
import { DOUBLE_ZERO } from "./double_zero.ts";

/** Batches of this size may be worth memory of their own. */
export const LARGE_BATCH_BYTES: number = 128 * 1024;
/** While so many bytes of a message are still to come, reads of its own cost less than a copy. */
const DIRECT_BYTES = 64 * 1024;
/** So little is read to see whether a large message comes. */
const LOOK_BYTES = 4 * 1024;
/** Reports that come between large messages take less. */
const REPORTS_BYTES = 1024;
/** What a batch begins with, if it is one message. */
const HEAD_BYTES = ENVELOPE_BYTES + HEADER_BYTES;

/**
 * Turns a byte stream into batches: put bytes into {@linkcode
 * BatchReader.space}, tell how many by {@linkcode BatchReader.commit}, then call
 * {@linkcode BatchReader.next} until it returns `false`. A batch lies in
 * `ring.bytes` from `start` to `end` and stays valid until the next space is
 * asked for.
 *
 * A large message that is a batch by itself may be read into memory of its own
 * instead, without a copy: see {@linkcode BatchReader.readInto}.
 */
export class BatchReader {
  /** Receives the bytes. */
  readonly ring: ReceiveRing;
  /** Where the frames of the batch found begin, in `ring.bytes`. */
  start = 0;
  /** Where they end. */
  end = 0;
  /** The message of the batch found, if it lies apart from its frame's header. */
  payload: Uint8Array<ArrayBuffer> | null = null;
  /** How many unread bytes the arriving batch needs in all; 0 while that is not known. */
  wanted = 0;
  /** Whether another large message is likely to come, so that little is read first. */
  looks = false;

  /** Where the arriving message goes, if not into the ring. */
  #direct: Uint8Array<ArrayBuffer> | null = null;
  /** How many of its bytes have come, and of the batch behind it. */
  #filled = 0;
  #checksum: Checksum | null = null;
  #running: number = DOUBLE_ZERO;
  #maxBatchBytes = MAX_HANDSHAKE_BATCH_BYTES;

  /** @param ring Receives the bytes. Default: a new one. */
  constructor(ring: ReceiveRing = new ReceiveRing()) {
    this.ring = ring;
  }

  /**
   * The handshake is done: allows larger batches, and verifies checksums from
   * the next batch on.
   *
   * @param checksum The function that both sides agreed to use, or `null`.
   */
  open(checksum: Checksum | null): void {
    this.#checksum = checksum;
    this.#maxBatchBytes = MAX_BATCH_BYTES;
  }

  /** The place for the next read, never empty. Use it for one read. */
  space(): Uint8Array<ArrayBuffer> {
    const direct = this.#direct;
    if (direct !== null) {
      // The head of the batch behind it, too, which saves a read if that is as large.
      const end = Math.min(direct.length + HEAD_BYTES, direct.buffer.byteLength);
      return new Uint8Array(direct.buffer, this.#filled, end - this.#filled);
    }
    const space = this.ring.space(this.wanted);
    const isLook = this.looks && this.wanted === 0 && space.length > LOOK_BYTES;
    return isLook ? partOf(space, 0, LOOK_BYTES) : space;
  }

  /**
   * Takes note of what a read has put into {@linkcode BatchReader.space}.
   *
   * @param count How many bytes.
   */
  commit(count: number): void {
    if (this.#direct === null) this.ring.commit(count);
    else this.#filled += count;
  }

  /** Where the header of the arriving message is, in `ring.bytes`, if it is worth reads of its own; -1 if not. */
  largeMessage(): number {
    const { ring, wanted } = this, { length } = ring;
    if (wanted - length < DIRECT_BYTES || length < HEAD_BYTES) return -1;
    const at = ring.head + ENVELOPE_BYTES;
    return this.#direct === null && isOneMessage(ring.view, at, wanted - ENVELOPE_BYTES) ? at : -1;
  }

  /**
   * Reads the message that {@linkcode BatchReader.largeMessage} has found into
   * that memory. Only while no read is under way.
   *
   * @param memory As long as the message, from the beginning of its buffer. Nobody else may have it until the batch is complete.
   */
  readInto(memory: Uint8Array<ArrayBuffer>): void {
    const { ring } = this, from = ring.head + HEAD_BYTES;
    memory.set(partOf(ring.bytes, from, ring.tail));
    this.#filled = ring.tail - from;
    this.#direct = memory;
    ring.tail = from;
    // For the head of the batch behind it.
    ring.space(2 * HEAD_BYTES);
  }

  /**
   * Looks for the next complete batch and moves past it.
   *
   * @returns Whether there was one.
   * @throws {InternodeError} `ProtocolError` for an impossible length or a wrong checksum.
   */
  next(): boolean {
    const ring = this.ring;
    const head = ring.head, unread = ring.tail - head;
    if (unread < ENVELOPE_BYTES) {
      this.wanted = 0;
      return false;
    }
    const length = ring.view.getUint32(head, true);
    if (length < HEADER_BYTES || length > this.#maxBatchBytes) {
      throw new InternodeError(
        "ProtocolError",
        `The peer announced a batch of ${length} bytes; ${HEADER_BYTES} to ${this.#maxBatchBytes} are allowed. ` +
          "Does the peer speak this protocol?",
        { origin: "remote" },
      );
    }
    if (unread < ENVELOPE_BYTES + length && !this.#isFilled()) {
      this.wanted = ENVELOPE_BYTES + length;
      return false;
    }
    const payload = this.payload = this.#direct;
    this.start = head + ENVELOPE_BYTES;
    this.end = this.start + (payload === null ? length : HEADER_BYTES);
    ring.head = this.end;
    this.wanted = 0;
    if (payload !== null) this.#endDirect(payload);
    else if (length > REPORTS_BYTES) this.looks = false;
    if (this.#checksum !== null) this.#verify(ring.view.getUint32(head + 4, true));
    return true;
  }

  /** Whether a large batch has come in part, which is known from its first bytes on. */
  get isWithinLarge(): boolean {
    return this.wanted >= LARGE_BATCH_BYTES;
  }

  /** Whether the batch found is one large message. */
  get isLarge(): boolean {
    const { start, end, payload } = this;
    if (payload !== null) return true;
    return end - start >= LARGE_BATCH_BYTES && isOneMessage(this.ring.view, start, end - start);
  }

  /** Whether the message is read into memory of its own, and all of it has come. */
  #isFilled(): boolean {
    return this.#direct !== null && this.#filled >= this.#direct.length;
  }

  /** What came behind the message goes to the ring. */
  #endDirect(message: Uint8Array<ArrayBuffer>): void {
    const behind = new Uint8Array(message.buffer, message.length, this.#filled - message.length);
    this.ring.bytes.set(behind, this.ring.tail);
    this.ring.tail += behind.length;
    behind.fill(0);
    this.#direct = null;
    this.looks = true;
  }

  #verify(expected: number): void {
    const { start, end, payload } = this, before = this.#running >>> 0;
    // Each checksum continues the one before, so a lost or repeated batch shows too.
    let sum = this.#checksum!(partOf(this.ring.bytes, start, end), before);
    if (payload !== null) sum = this.#checksum!(payload, sum);
    this.#running = sum;
    if (this.#running === expected) return;
    // A goodbye of a side that gave up before it was open has no checksum.
    if (before === 0 && expected === 0 && this.ring.bytes[start] === FrameType.goodbye) return;
    throw new InternodeError(
      "ProtocolError",
      `A batch of ${end - start + (payload?.length ?? 0)} bytes has checksum ${
        hex(this.#running)
      } instead of ${hex(expected)}: ` +
        "bytes were changed, lost or repeated on the way, or a message was changed while it was sent.",
      { origin: "network" },
    );
  }
}

function hex(value: number): string {
  return value.toString(16).padStart(8, "0");
}
