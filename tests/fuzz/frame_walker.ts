/**
 * Frames taken apart, without the library's own code.
 *
 * @module
 */

import { NO_FRAME, UNKNOWN_TYPE } from "./tally.ts";

/** One frame of a batch. The payload lies in `bytes` from `start` to `end`. */
export interface SeenFrame {
  type: number;
  flags: number;
  code: number;
  id: number;
  argument: number;
  bytes: Uint8Array;
  view: DataView;
  start: number;
  end: number;
}

/**
 * Walks through a batch. The frame given to `onFrame` is the same object each
 * time. Bytes at the end that make no whole frame come as one of type
 * {@linkcode NO_FRAME}.
 */
export function walk(
  bytes: Uint8Array,
  from: number,
  to: number,
  onFrame: (frame: SeenFrame) => void,
): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const frame: SeenFrame = {
    type: 0,
    flags: 0,
    code: 0,
    id: 0,
    argument: 0,
    bytes,
    view,
    start: 0,
    end: 0,
  };
  for (let at = from; at < to;) {
    const start = at + 16, end = start > to ? Infinity : start + view.getUint32(at + 4, true);
    if (end > to) {
      frame.type = NO_FRAME;
      onFrame(frame);
      return;
    }
    frame.type = bytes[at]!;
    frame.flags = bytes[at + 1]!;
    frame.code = view.getUint16(at + 2, true);
    frame.id = view.getUint32(at + 8, true);
    frame.argument = view.getUint32(at + 12, true);
    frame.start = start;
    frame.end = end;
    onFrame(frame);
    at = end;
  }
}

/** A type's place in a table of counts. */
export function typePlace(type: number): number {
  return type === NO_FRAME || KNOWN.has(type) ? type : UNKNOWN_TYPE;
}

/** Whether there is such a type. */
export function isKnownType(type: number): boolean {
  return KNOWN.has(type);
}

const KNOWN = new Set([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
for (const first of [16, 32]) for (let type = first; type < first + 6; type++) KNOWN.add(type);
KNOWN.add(22);
