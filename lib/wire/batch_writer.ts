/**
 * Collects frames in batches.
 *
 * @module
 */

import { type BatchSeal, correctTimeouts, ENVELOPE_BYTES, type TimeLeft } from "./batch_seal.ts";
import { ByteWriter } from "./byte_writer.ts";
import { Fifo } from "./fifo.ts";
import { HEADER_BYTES } from "./frame.ts";
import { partOf } from "./part_of.ts";
import type { WriterPool } from "./writer_pool.ts";
import { DOUBLE_ZERO } from "./double_zero.ts";

/** A batch takes no more frames once it has this many bytes, so that the peer can begin with it. */
export const BATCH_TARGET_BYTES: number = 64 * 1024;
/** A buffer takes no more batches once it has this many bytes. */
const BUFFER_TARGET_BYTES = 192 * 1024;
/** Time-outs that have waited for less are not corrected. */
const STALE_MS = 5;

/** Frames that are sent, checked and parsed together. */
interface Batch {
  readonly writer: ByteWriter;
  /** Where it begins in the writer, envelope included. */
  readonly start: number;
  /** Where its last complete frame ends; `start` while it has none. */
  end: number;
  /** The last frame's payload, if it is written without a copy. */
  tail: Uint8Array<ArrayBuffer> | null;
  /** When its first frame with a deadline was written; `Infinity` while there is none. */
  createdMs: number;
  readonly checked: boolean;
}

/**
 * Frames in, batches out. Write a frame with {@linkcode BatchWriter.begin},
 * then its payload to `writer`, then {@linkcode BatchWriter.end}; at any time
 * between frames {@linkcode BatchWriter.drain} returns what is there, in pieces
 * to be written in order. The pieces stay valid until {@linkcode
 * BatchWriter.recycle}; frames written meanwhile go to another buffer.
 *
 * Small payloads are copied into the batch (write flattening); a large one can
 * be sent from where it lies with {@linkcode BatchWriter.reference}.
 */
export class BatchWriter {
  /** The writer for the payload of the current frame. Valid from `begin` to `end`. */
  writer: ByteWriter = NO_WRITER;
  /** How many bytes wait to be drained. */
  pendingBytes = 0;
  /** How many batches have been drained so far. */
  batches: number = DOUBLE_ZERO;

  readonly #pool: WriterPool;
  readonly #seal: BatchSeal | null;
  #open: Batch | null = null;
  readonly #closed = new Fifo<Batch>();
  #current: ByteWriter | null = null;
  readonly #draining: ByteWriter[] = [];

  /**
   * @param pool Where buffers come from.
   * @param seal Completes the envelopes of batches on a byte stream; `null` if each batch is a message.
   */
  constructor(pool: WriterPool, seal: BatchSeal | null) {
    this.#pool = pool;
    this.#seal = seal;
  }

  /**
   * Starts a frame.
   *
   * @returns The offset of its header; pass it to `end`, `reference` or `rollback`.
   */
  begin(type: number, flags: number, code: number, id: number, argument: number): number {
    if (this.#open === null) this.#openBatch();
    const writer = this.writer;
    writer.ensure(HEADER_BYTES);
    const at = writer.position, view = writer.view;
    writer.position = at + HEADER_BYTES;
    view.setUint32(at, type | flags << 8 | code << 16, true);
    view.setUint32(at + 8, id, true);
    view.setUint32(at + 12, argument, true);
    return at;
  }

  /**
   * The frame begun has a deadline.
   *
   * @param nowMs The time, from which its waiting time is counted.
   */
  noteDeadline(nowMs: number): void {
    const batch = this.#open!;
    if (batch.createdMs === Infinity) batch.createdMs = nowMs;
  }

  /** Completes the frame begun at `header` with what was written to `writer` since. */
  end(header: number): void {
    const writer = this.writer, batch = this.#open!;
    const end = writer.position;
    writer.view.setUint32(header + 4, end - header - HEADER_BYTES, true);
    this.pendingBytes += end - batch.end;
    batch.end = end;
    if (end - batch.start >= BATCH_TARGET_BYTES) this.cut();
  }

  /** Removes the frame that began at `header`, with what was written of its payload. */
  rollback(header: number): void {
    this.writer.position = header;
  }

  /**
   * Completes the frame begun at `header` with what was written to `writer`
   * since, followed by a part that is sent without a copy.
   *
   * @param payload It must not change until it is written.
   */
  reference(header: number, payload: Uint8Array<ArrayBuffer>): void {
    const writer = this.writer, batch = this.#open!;
    const end = writer.position;
    writer.view.setUint32(header + 4, end - header - HEADER_BYTES + payload.length, true);
    this.pendingBytes += end - batch.end + payload.length;
    batch.end = end;
    batch.tail = payload;
    this.cut();
  }

  /** Ends the current batch if it has any frame; the next frame starts another one. */
  cut(): void {
    const batch = this.#open;
    if (batch === null || batch.end === batch.start) return;
    this.#closed.push(batch);
    this.#open = null;
  }

  /**
   * Returns pieces to be written in this order: complete batches, up to
   * `maxBytes`.
   *
   * @param pieces Where they are added.
   * @param maxBytes When to stop; if anything waits, at least one batch is returned.
   * @param nowMs The time.
   * @param timeLeft Corrects the time-outs of frames that have waited long; `null` to leave them.
   * @returns How many bytes the pieces have.
   */
  drain(
    pieces: Uint8Array<ArrayBuffer>[],
    maxBytes: number,
    nowMs: number,
    timeLeft: TimeLeft | null = null,
  ): number {
    this.cut();
    const seal = this.#seal;
    let bytes = 0;
    // Adjacent batches in one buffer leave as one piece.
    let run: ByteWriter | null = null, runStart = 0, runEnd = 0;
    while (bytes < maxBytes) {
      const batch = this.#closed.shift();
      if (batch === undefined) break;
      const { writer, start, end, tail } = batch;
      if (timeLeft !== null && nowMs - batch.createdMs >= STALE_MS) {
        const frames = seal === null ? start : start + ENVELOPE_BYTES;
        correctTimeouts(writer.view, frames, end, timeLeft, nowMs);
      }
      seal?.close(writer.view, writer.bytes, start, end, tail, batch.checked);
      this.batches++;
      bytes += end - start + (tail === null ? 0 : tail.length);
      if (run !== writer || runEnd !== start || seal === null) {
        if (run !== null) pieces.push(partOf(run.bytes, runStart, runEnd));
        run = writer;
        runStart = start;
      }
      runEnd = end;
      if (tail !== null) {
        pieces.push(partOf(writer.bytes, runStart, runEnd), tail);
        run = null;
      }
      this.#release(writer);
    }
    if (run !== null) pieces.push(partOf(run.bytes, runStart, runEnd));
    this.pendingBytes -= bytes;
    return bytes;
  }

  /** The pieces handed out have been written: their buffers may be used again. */
  recycle(): void {
    const draining = this.#draining;
    // One by one, as an array whose length is set to 0 has to grow anew.
    for (let next = draining.pop(); next !== undefined; next = draining.pop()) {
      this.#pool.give(next);
    }
  }

  #openBatch(): void {
    let writer = this.#current;
    if (writer === null || writer.position >= BUFFER_TARGET_BYTES) {
      writer = this.#current = this.#pool.take();
    }
    const start = writer.position;
    // The frame that follows makes room for both.
    if (this.#seal !== null) writer.position = start + ENVELOPE_BYTES;
    this.writer = writer;
    const checked = this.#seal !== null && this.#seal.checksum !== null;
    this.#open = { writer, start, end: start, tail: null, createdMs: Infinity, checked };
  }

  /** Once nothing in a buffer waits any more, it is only held for what is being written. */
  #release(writer: ByteWriter): void {
    if (this.#closed.peek()?.writer === writer || this.#open?.writer === writer) return;
    if (this.#current === writer) {
      this.#current = null;
      // Else an idle connection would keep a buffer that the pool has let go.
      this.writer = NO_WRITER;
    }
    this.#draining.push(writer);
  }
}

const NO_WRITER = new ByteWriter(0);
