/**
 * Frames written by hand, without the library's own code.
 *
 * @module
 */

import type { SeededRandom } from "../../../lib/testing/time/seeded_random.ts";
import { EDGE_WORDS } from "./byte_mutator.ts";
import { fill } from "../pattern.ts";

const CAPACITY = 512 * 1024;

/** Gathers a batch. One writer serves all runs, as its buffer is large. */
export class FrameWriter {
  readonly bytes = new Uint8Array(CAPACITY);
  readonly view = new DataView(this.bytes.buffer);
  length = 0;
  /** How many frames there are. */
  frames = 0;

  /** Forgets all. */
  clear(): void {
    this.length = 0;
    this.frames = 0;
  }

  /** Whether there is room for so many bytes more. */
  hasRoom(bytes: number): boolean {
    return this.length + bytes + 64 <= CAPACITY;
  }

  /** Adds a frame, and gives the place of its payload, which holds whatever it holds. */
  frame(
    type: number,
    flags: number,
    code: number,
    id: number,
    argument: number,
    payloadBytes: number,
  ): number {
    const at = this.length, { view } = this;
    view.setUint32(at, type | flags << 8 | code << 16, true);
    view.setUint32(at + 4, payloadBytes, true);
    view.setUint32(at + 8, id, true);
    view.setUint32(at + 12, argument, true);
    this.length = at + 16 + payloadBytes;
    this.frames++;
    return at + 16;
  }

  /** Adds a frame whose payload looks like chance. */
  filled(
    type: number,
    flags: number,
    code: number,
    id: number,
    argument: number,
    payloadBytes: number,
  ): void {
    const at = this.frame(type, flags, code, id, argument, payloadBytes);
    fill(this.bytes, at, at + payloadBytes, id + argument);
  }

  /** Adds a frame with a payload. */
  with(
    type: number,
    flags: number,
    code: number,
    id: number,
    argument: number,
    payload: Uint8Array,
  ): void {
    this.bytes.set(payload, this.frame(type, flags, code, id, argument, payload.length));
  }

  /** Damages the frame that begins at `start` and is the last one, as a broken peer would. */
  spoil(start: number, random: SeededRandom): void {
    const { view, bytes } = this, length = this.length - start;
    switch (random.int(0, 11)) {
      case 0:
        bytes[start + 1] = random.pick([1, 2, 3, 4, 5, 8, 9, 12, 15, 16, 128, 255]);
        return;
      case 1:
        view.setUint16(start + 2, random.pick([0, 1, 6, 7, 13, 14, 255, 65_535]), true);
        return;
      case 2:
        view.setUint32(start + 4, random.pick(EDGE_WORDS), true);
        return;
      case 3:
        view.setUint32(start + 8, random.pick(SPOILT_IDS), true);
        return;
      case 4:
        view.setUint32(start + 12, random.pick(EDGE_WORDS), true);
        return;
      case 5:
        // The argument or id of a neighbour.
        view.setUint32(
          start + random.pick([8, 12]),
          view.getUint32(start + random.pick([8, 12]), true) + random.pick([1, -1, 2]),
          true,
        );
        return;
      case 6:
        bytes[start] = random.int(0, 40);
        return;
      case 7:
        // The same again.
        if (!this.hasRoom(length)) return;
        bytes.copyWithin(this.length, start, this.length);
        this.length += length;
        this.frames++;
        return;
      case 8: {
        const left = random.int(0, length - 16);
        this.length = start + 16 + left;
        view.setUint32(start + 4, left, true);
        return;
      }
      case 9: {
        const more = random.int(1, 9);
        fill(bytes, this.length, this.length + more, more);
        this.length += more;
        if (random.chance(0.5)) view.setUint32(start + 4, length - 16 + more, true);
        return;
      }
      case 10:
        if (length > 16) bytes[random.int(start + 16, this.length - 1)] = random.int(0, 255);
        return;
      default:
        if (length >= 20) {
          view.setUint32(
            start + random.pick([16, Math.min(20, length - 4)]),
            random.pick(EDGE_WORDS),
            true,
          );
        }
    }
  }
}

const SPOILT_IDS = [
  0,
  1,
  0x0010_0000,
  0x0010_0001,
  0x0020_0000,
  0x000f_ffff,
  0xffff_ffff,
  0x7fff_ffff,
];
