/**
 * What a driver does with what it reads.
 *
 * @module
 */

import { InternodeError } from "../../../lib/errors.ts";
import { BatchReader } from "../../../lib/wire/batch_reader.ts";
import type { App } from "./app.ts";
import { must } from "../fuzz_target.ts";

/** Hears of each batch before and after a session takes it. */
export interface FeedWatch {
  onBatch(bytes: Uint8Array, start: number, end: number): void;
  onTaken(): void;
}

/** Gives a session its batches, and spoils the bytes afterwards: they were only lent. */
export class Feed {
  readonly #app: App;
  readonly #watch: FeedWatch;
  readonly #batches = new BatchReader();
  #rest: { bytes: Uint8Array; view: DataView; at: number; end: number } | null = null;

  constructor(app: App, watch: FeedWatch) {
    this.#app = app;
    this.#watch = watch;
  }

  /** Whether a turn has ended within a batch. */
  get isInterrupted(): boolean {
    return this.#rest !== null;
  }

  /** Takes a whole batch that it may keep. */
  takeBatch(bytes: Uint8Array<ArrayBuffer>): void {
    this.resume();
    this.#parse(bytes, 0, bytes.length, new DataView(bytes.buffer));
  }

  /** Takes bytes of a stream, in pieces of a size. Says how many a session that has ended has left. */
  takeBytes(bytes: Uint8Array, pieceBytes: number): void {
    const { session } = this.#app;
    for (let at = 0; at < bytes.length && session.state !== "closed";) {
      this.resume();
      const space = this.#batches.space();
      const count = Math.min(space.length, bytes.length - at, pieceBytes);
      space.set(bytes.subarray(at, at + count));
      this.#batches.commit(count);
      at += count;
      this.#takeBatches();
    }
  }

  /** Goes on with what a turn has left, to the end. */
  resume(): void {
    while (this.#rest !== null) this.resumeOnce();
  }

  /** Goes on with what a turn has left, until it ends again. */
  resumeOnce(): void {
    if (this.#rest === null) return;
    const { bytes, view, at, end } = this.#rest;
    this.#continue(bytes, at, end, view);
    if (this.#rest === null) this.#takeBatches();
  }

  #takeBatches(): void {
    const { session } = this.#app, { ring } = this.#batches;
    try {
      while (this.#rest === null && session.state !== "closed" && this.#batches.next()) {
        const { start, end } = this.#batches;
        const wasOpen = this.#isOpen();
        this.#parse(ring.bytes, start, end, ring.view);
        if (!wasOpen && this.#isOpen()) this.#batches.open(session.batchChecksum);
      }
    } catch (error) {
      if (!(error instanceof InternodeError)) throw error;
      session.close(error, this.#app.nowMs);
    }
  }

  #isOpen(): boolean {
    return this.#app.session.state === "open";
  }

  #parse(bytes: Uint8Array, start: number, end: number, view: DataView): void {
    this.#watch.onBatch(bytes, start, end);
    this.#continue(bytes, start, end, view);
    this.#watch.onTaken();
  }

  #continue(bytes: Uint8Array, start: number, end: number, view: DataView): void {
    const at = this.#app.session.receive(bytes, view, start, end, this.#app.nowMs);
    must(at > start && at <= end, () => `a turn ended at ${at} of ${start} to ${end}`);
    bytes.fill(0xee, start, at);
    this.#rest = at < end ? { bytes, view, at, end } : null;
  }
}
