/**
 * Frames that nodes of one publisher share.
 *
 * @module
 */

import { messagesFrame } from "./topic_frame.ts";

/** Messages that follow each other and lie side by side. */
export interface Run {
  /** The memory; others may be in it. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Where the first one begins. */
  readonly position: number;
  /** Where the last one ends. */
  readonly end: number;
  /** The number of the first one. */
  readonly at: number;
}

/** A frame, and the messages in it. */
interface Made {
  readonly at: number;
  readonly end: number;
  readonly frame: Uint8Array<ArrayBuffer>;
}

/** Keeps the frames that were made last in a turn: nodes that keep up get the same messages together. */
export class FrameCache {
  #made: Made[] = [];
  #next = 0;

  /** The frame with these messages. */
  frameOf({ bytes, position, end, at }: Run): Uint8Array<ArrayBuffer> {
    // The number of a message tells where it lies.
    for (const made of this.#made) if (made.at === at && made.end === end) return made.frame;
    const frame = messagesFrame(at, bytes, position, end);
    this.#made[this.#next] = { at, end, frame };
    this.#next = (this.#next + 1) % KEPT_FRAMES;
    return frame;
  }

  /** The turn is over. */
  clear(): void {
    if (this.#made.length === 0) return;
    this.#made = [];
    this.#next = 0;
  }
}

/** Nodes are a few frames apart, or get different ones. */
const KEPT_FRAMES = 4;
