/**
 * Finds complete batches in a stream of bytes.
 *
 * @module
 */

import { InternodeError } from "../errors.ts";
import { ENVELOPE_BYTES } from "./batch_seal.ts";
import type { Checksum } from "./checksum.ts";
import { MAX_BATCH_BYTES, MAX_HANDSHAKE_BATCH_BYTES } from "./limits.ts";
import { FrameType, HEADER_BYTES } from "./frame.ts";
import { partOf } from "./part_of.ts";
import { ReceiveRing } from "./receive_ring.ts";
import { DOUBLE_ZERO } from "./double_zero.ts";

/**
 * Turns a byte stream into batches: put bytes into `ring`, then call
 * {@linkcode BatchReader.next} until it returns `false`. A batch lies in
 * `ring.bytes` from `start` to `end` and stays valid until the next
 * `ring.space()`.
 */
export class BatchReader {
  /** Receives the bytes. */
  readonly ring: ReceiveRing;
  /** Where the frames of the batch found begin, in `ring.bytes`. */
  start = 0;
  /** Where they end. */
  end = 0;
  /** How many unread bytes the arriving batch needs in all; pass it to `ring.space()`. */
  wanted = 0;

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
    if (unread < ENVELOPE_BYTES + length) {
      this.wanted = ENVELOPE_BYTES + length;
      return false;
    }
    this.start = head + ENVELOPE_BYTES;
    this.end = this.start + length;
    ring.head = this.end;
    this.wanted = 0;
    if (this.#checksum !== null) this.#verify(ring.view.getUint32(head + 4, true));
    return true;
  }

  #verify(expected: number): void {
    const { start, end } = this, before = this.#running >>> 0;
    // Each checksum continues the one before, so a lost or repeated batch shows too.
    this.#running = this.#checksum!(partOf(this.ring.bytes, start, end), before);
    if (this.#running === expected) return;
    // A goodbye of a side that gave up before it was open has no checksum.
    if (before === 0 && expected === 0 && this.ring.bytes[start] === FrameType.goodbye) return;
    throw new InternodeError(
      "ProtocolError",
      `A batch of ${end - start} bytes has checksum ${hex(this.#running)} instead of ${
        hex(expected)
      }: ` +
        "bytes were changed, lost or repeated on the way.",
      { origin: "network" },
    );
  }
}

function hex(value: number): string {
  return value.toString(16).padStart(8, "0");
}
