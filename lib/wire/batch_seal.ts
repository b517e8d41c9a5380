/**
 * Completes batches when they leave.
 *
 * @module
 */

import type { Checksum } from "./checksum.ts";
import { FrameType, HEADER_BYTES, NO_TIMEOUT } from "./frame.ts";
import { partOf } from "./part_of.ts";
import { DOUBLE_ZERO } from "./double_zero.ts";

/**
 * The bytes before each batch on a byte stream: u32 length of the frames that
 * follow, u32 checksum of them (0 if checksums are not used).
 */
export const ENVELOPE_BYTES = 8;

/**
 * The running checksum of all batches that one side sends, in the order in
 * which they leave. Shared by the writers of a connection.
 */
export class BatchSeal {
  /** The function in use, or `null` while there is none. Batches that began before it was set have no checksum. */
  checksum: Checksum | null = null;
  #running: number = DOUBLE_ZERO;

  /**
   * Fills in an envelope.
   *
   * @param view The buffer.
   * @param bytes The same buffer.
   * @param start Where the envelope is.
   * @param end Where the frames in the buffer end.
   * @param tail The last frame's payload, if it is in another buffer.
   * @param checked Whether the receiver will check this batch.
   */
  close(
    view: DataView,
    bytes: Uint8Array,
    start: number,
    end: number,
    tail: Uint8Array | null,
    checked: boolean,
  ): void {
    const frames = start + ENVELOPE_BYTES;
    let sum = 0;
    if (checked && this.checksum !== null) {
      sum = this.checksum(partOf(bytes, frames, end), this.#running >>> 0);
      if (tail !== null) sum = this.checksum(tail, sum);
      this.#running = sum;
    }
    view.setUint32(start, end - frames + (tail === null ? 0 : tail.length), true);
    view.setUint32(start + 4, sum, true);
  }
}

/** Returns how much time the call of that id has left at `nowMs`, in whole milliseconds. */
export type TimeLeft = (id: number, nowMs: number) => number;

/**
 * A deadline is sent as the time left at the moment of sending. Corrects the
 * time-outs in frames that have waited.
 *
 * @param view The buffer.
 * @param start Where the first frame is.
 * @param end Where the frames in the buffer end.
 * @param timeLeft Returns the time left of each frame that has a time-out.
 * @param nowMs The time.
 */
export function correctTimeouts(
  view: DataView,
  start: number,
  end: number,
  timeLeft: TimeLeft,
  nowMs: number,
): void {
  for (let at = start; at < end; at += HEADER_BYTES + view.getUint32(at + 4, true)) {
    const type = view.getUint8(at);
    if (type !== FrameType.request && type !== FrameType.open) continue;
    if (view.getUint32(at + 12, true) === NO_TIMEOUT) continue;
    view.setUint32(at + 12, timeLeft(view.getUint32(at + 8, true), nowMs), true);
  }
}
