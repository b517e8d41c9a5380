/**
 * Two lanes of frames that are written into batches.
 *
 * @module
 */

import type { BatchSeal, TimeLeft } from "../../wire/batch_seal.ts";
import { BatchWriter } from "../../wire/batch_writer.ts";
import { HEADER_BYTES } from "../../wire/frame.ts";
import type { WriterPool } from "../../wire/writer_pool.ts";
import { Encoding } from "../frames/encoding.ts";
import { protocolError } from "../frames/wire_error.ts";
import { DOUBLE_ZERO } from "../../wire/double_zero.ts";

/** How many bytes of frames without a budget may wait, in response to what the peer sends, besides short responses to all its calls. More shows that the peer does not read. */
const MAX_REPLY_BYTES = 2 * 1024 * 1024;
/** The size of a short response. */
const SHORT_REPLY_BYTES = 128;
/** While at most this many bytes wait, control frames need no lane of their own. */
const SHORT_QUEUE_BYTES = 16 * 1024;

/** Is notified when there is something to send. */
export interface OutputListener {
  /** There is something to send: drain it soon, after the work of the current turn. */
  onOutput(): void;
}

/** Control frames, which may overtake the others, and all the others in order. */
export class FrameLanes {
  /** The time of the current turn; set by each call into the session. */
  nowMs: number = DOUBLE_ZERO;
  /** How many small frames that keep their order were put into batches. */
  smallFrames: number = DOUBLE_ZERO;
  /** Returns how much time a call of this side has left. */
  timeLeft: TimeLeft | null = null;
  /** Adds checksums to batches that begin from then on. */
  readonly seal: BatchSeal | null;
  /** The lane of messages, and of small frames that keep their order among them. */
  protected readonly data: BatchWriter;
  /** Keeps other frames out of a frame whose value is being encoded. */
  protected readonly encoding: Encoding = new Encoding();

  /** Is told that there is something to send. Between frames only, see {@linkcode FrameLanes.signalOutput}. */
  protected readonly listener: OutputListener;

  readonly #pool: WriterPool;
  /** The lane of control frames that overtake messages; made on first use. */
  #control: BatchWriter | null = null;
  readonly #maxReplyBytes: number;
  #replyBytes = 0;
  #mayOvertake = true;

  /** */
  constructor(
    pool: WriterPool,
    seal: BatchSeal | null,
    maxCalls: number,
    listener: OutputListener,
  ) {
    this.seal = seal;
    this.data = new BatchWriter(pool, seal);
    this.#pool = pool;
    this.listener = listener;
    this.#maxReplyBytes = MAX_REPLY_BYTES + maxCalls * SHORT_REPLY_BYTES;
  }

  /** How many batches have been drained. */
  get batches(): number {
    return this.data.batches + (this.#control === null ? 0 : this.#control.batches);
  }

  /** How many bytes wait in batches. */
  get pendingBytes(): number {
    return this.data.pendingBytes + (this.#control === null ? 0 : this.#control.pendingBytes);
  }

  /** Detects a peer that provokes responses and does not read them. */
  checkReplies(): void {
    if (this.#replyBytes <= this.#maxReplyBytes) return;
    throw protocolError(
      `The peer keeps sending but does not read: over ${this.#maxReplyBytes} bytes of responses wait for it.`,
    );
  }

  /** Ends the current batch, so that later frames are in another one, and nothing overtakes it. */
  cut(): void {
    if (this.encoding.isOn) return this.encoding.defer(() => this.cut());
    this.data.cut();
    this.#mayOvertake = this.data.pendingBytes === 0;
  }

  /** Writes a small frame that may overtake messages. */
  control(
    type: number,
    id: number,
    argument: number,
    code = 0,
    payload: Uint8Array = NOTHING,
  ): void {
    if (this.encoding.isOn) {
      const kept = payload.slice();
      return this.encoding.defer(() => this.control(type, id, argument, code, kept));
    }
    const short = this.data.pendingBytes <= SHORT_QUEUE_BYTES;
    const lane = short || !this.#mayOvertake
      ? this.data
      : this.#control ??= new BatchWriter(this.#pool, this.seal);
    const header = lane.begin(type, 0, code, id, argument);
    lane.writer.append(payload);
    lane.end(header);
    this.#replyBytes += HEADER_BYTES + payload.length;
    this.signalOutput();
  }

  /** Sends credit of a stream, and how large its window is from now on if that is said. */
  credit(type: number, id: number, messages: number, bytes: number, windowBytes?: number): void {
    CREDIT_VIEW.setUint32(0, bytes, true);
    if (windowBytes === undefined) return this.control(type, id, messages, 0, CREDIT_BYTES);
    CREDIT_VIEW.setUint32(4, windowBytes, true);
    this.control(type, id, messages, 0, CREDIT_AND_WINDOW_BYTES);
  }

  /** Writes a small frame that keeps its order after the messages before it. */
  frame(
    type: number,
    code: number,
    id: number,
    argument: number,
    payload: Uint8Array = NOTHING,
  ): void {
    if (this.encoding.isOn) {
      const kept = payload.slice();
      return this.encoding.defer(() => this.frame(type, code, id, argument, kept));
    }
    const header = this.data.begin(type, 0, code, id, argument);
    this.data.writer.append(payload);
    this.data.end(header);
    this.smallFrames++;
    this.#replyBytes += HEADER_BYTES + payload.length;
    this.signalOutput();
  }

  /** What was drained has been written. */
  recycle(): void {
    this.#control?.recycle();
    this.data.recycle();
  }

  /** Returns the control frames. */
  protected drainControl(pieces: Uint8Array<ArrayBuffer>[], maxBytes: number): number {
    return this.#control?.drain(pieces, maxBytes, this.nowMs) ?? 0;
  }

  /** Returns the other frames. */
  protected drainData(pieces: Uint8Array<ArrayBuffer>[], maxBytes: number): number {
    const bytes = this.data.drain(pieces, maxBytes, this.nowMs, this.timeLeft);
    this.#mayOvertake = true;
    // At most everything that waits can be responses.
    this.#replyBytes = Math.min(this.#replyBytes, this.pendingBytes);
    return bytes;
  }

  /** Notifies the listener that there is something to drain, or another reason for a turn; deferred until the current frame is complete. */
  signalOutput(): void {
    if (this.encoding.isOn) this.encoding.defer(() => this.signalOutput());
    else this.listener.onOutput();
  }
}

const NOTHING = new Uint8Array(0);
const CREDIT_AND_WINDOW_BYTES = new Uint8Array(8);
const CREDIT_BYTES = CREDIT_AND_WINDOW_BYTES.subarray(0, 4);
const CREDIT_VIEW = new DataView(CREDIT_AND_WINDOW_BYTES.buffer);
