/**
 * Finds WebSocket messages in a stream of bytes.
 *
 * @module
 */

import { LARGE_BATCH_BYTES } from "../../wire/batch_reader.ts";
import { STREAM_MEMORY } from "../../wire/lending_pool.ts";
import { giveBack } from "../../wire/memory_return.ts";
import { ReceiveRing } from "../../wire/receive_ring.ts";
import {
  checkClosePayload,
  CLOSE_CODE,
  FrameError,
  KEY_BYTES,
  mask,
  MAX_CONTROL_BYTES,
  OPCODE,
} from "./web_socket_frames.ts";

/** The read buffer's size when idle, and at most. */
const IDLE_BYTES = 2 * 1024;
const MAX_BYTES = 64 * 1024;
/** If a message lacks this many bytes, they are read directly into it; for fewer, copying is cheaper. */
const DIRECT_BYTES = 16 * 1024;

/** How many empty fragments a message may have; more of them only keep this side busy. */
const MAX_EMPTY_FRAGMENTS = 1_000;

/** For fewer bytes than this, words are not faster. */
const WORTH_WORDS_BYTES = 64;

const FINAL = 0x80;
const RESERVED = 0x70;
const OPCODE_BITS = 0x0f;
const CONTROL_BIT = 0x08;
const MASKED = 0x80;
const LENGTH_BITS = 0x7f;
/** A length in a frame's second byte is at most this; 2 or 8 bytes follow otherwise. */
const MAX_SHORT = 125, LENGTH_IN_2_BYTES = 126;
const EMPTY = new Uint8Array(0);

/** The role of this side: servers accept only masked frames, clients only unmasked ones. */
export type ReaderRole = "client" | "server";

/**
 * Takes the bytes of the other side and returns its binary messages and control
 * frames, one by one. A message gets a buffer as soon as its header is there,
 * a large one memory that is used again; one that is too large is refused by
 * its header.
 *
 * Each round: read into {@linkcode FrameReader.space}, {@linkcode
 * FrameReader.commit}, then {@linkcode FrameReader.next} until it returns
 * `false`.
 */
export class FrameReader {
  /** What `next` has found: {@linkcode OPCODE} `binary`, `close`, `ping` or `pong`. */
  opcode = 0;
  /** Its payload, which belongs to the caller. */
  payload: Uint8Array<ArrayBuffer> = EMPTY;

  /** The largest message. */
  maxMessageBytes: number;

  /** What must stand in the bit that returns whether a frame is masked. */
  readonly #masked: number;
  readonly #ring = new ReceiveRing(IDLE_BYTES, MAX_BYTES);

  /** The current message; longer than it only between fragments. */
  #message: Uint8Array<ArrayBuffer> = EMPTY;
  /** How many of its bytes have arrived. */
  #filled = 0;
  /** Where the current frame begins and ends in it, and its key. */
  #frameStart = 0;
  #frameEnd = 0;
  #key = 0;
  /** Whether a frame's payload is incomplete, and whether it ends the message. */
  #inFrame = false;
  #final = true;
  /** Whether a message has begun that further frames continue. */
  #fragmented = false;
  /** How many fragments of the current message were empty. */
  #emptyFragments = 0;
  /** Whether the last `space` was a part of the message. */
  #direct = false;

  /**
   * @param role On whose side this is.
   * @param maxMessageBytes The largest message.
   * @param first What has been read already. Default: nothing.
   */
  constructor(role: ReaderRole, maxMessageBytes: number, first: Uint8Array = EMPTY) {
    this.#masked = role === "server" ? MASKED : 0;
    this.maxMessageBytes = maxMessageBytes;
    for (let at = 0; at < first.length;) {
      const space = this.space();
      const part = first.subarray(at, at + space.length);
      space.set(part);
      this.commit(part.length);
      at += part.length;
    }
  }

  /**
   * The place for the next read. Call it after `next` has said no.
   *
   * @returns A view that is never empty. Use it for one read.
   */
  space(): Uint8Array<ArrayBuffer> {
    this.#direct = this.#inFrame && this.#frameEnd - this.#filled >= DIRECT_BYTES;
    return this.#direct ? this.#message.subarray(this.#filled, this.#frameEnd) : this.#ring.space();
  }

  /**
   * Takes note of a read.
   *
   * @param count How many bytes it has put into `space`.
   */
  commit(count: number): void {
    if (this.#direct) this.#filled += count;
    else this.#ring.commit(count);
  }

  /**
   * Looks for the next message or control frame.
   *
   * @returns Whether `opcode` and `payload` have it; if not, more must be read.
   * @throws {FrameError} The other side broke a rule. The reader is of no more use.
   */
  next(): boolean {
    for (;;) {
      if (this.#inFrame) {
        if (!this.#fill()) return false;
        if (this.#final) return this.#handOver();
      }
      const ring = this.#ring;
      if (ring.length < 2) return false;
      const { bytes, head } = ring;
      if ((bytes[head]! & RESERVED) !== 0) throw broken("a frame with reserved bits");
      if ((bytes[head + 1]! & MASKED) !== this.#masked) {
        throw broken(this.#masked === 0 ? "a masked frame" : "a frame that is not masked");
      }
      if ((bytes[head]! & CONTROL_BIT) !== 0) return this.#control(bytes, head);
      if (!this.#begin(bytes, head)) return false;
    }
  }

  #control(bytes: Uint8Array<ArrayBuffer>, head: number): boolean {
    const opcode = bytes[head]! & OPCODE_BITS, length = bytes[head + 1]! & LENGTH_BITS;
    if (opcode > OPCODE.pong) throw broken(`a frame of the unknown kind ${opcode}`);
    if ((bytes[head]! & FINAL) === 0) throw broken("a control frame in fragments");
    if (length > MAX_CONTROL_BYTES) throw broken("a control frame that is too long");
    const start = head + 2 + (this.#masked === 0 ? 0 : KEY_BYTES), end = start + length;
    if (end > this.#ring.tail) return false;
    this.opcode = opcode;
    this.payload = bytes.slice(start, end);
    if (this.#masked !== 0) mask(this.payload, null, 0, length, keyAt(bytes, start - KEY_BYTES));
    if (opcode === OPCODE.close) checkClosePayload(this.payload);
    this.#ring.head = end;
    return true;
  }

  /** Reads the header of a frame of data, once it is there. */
  #begin(bytes: Uint8Array<ArrayBuffer>, head: number): boolean {
    const opcode = bytes[head]! & OPCODE_BITS;
    if (opcode > OPCODE.binary) throw broken(`a frame of the unknown kind ${opcode}`);
    if (opcode === OPCODE.continuation && !this.#fragmented) {
      throw broken("a continuation frame without a message");
    }
    if (opcode !== OPCODE.continuation && this.#fragmented) {
      throw broken("a new message before the last fragment of another one");
    }
    if (opcode === OPCODE.text) {
      throw new FrameError(CLOSE_CODE.unsupported, "a message that is not binary");
    }
    let length = bytes[head + 1]! & LENGTH_BITS;
    const key = head + 2 + (length <= MAX_SHORT ? 0 : length === LENGTH_IN_2_BYTES ? 2 : 8);
    const payload = this.#masked === 0 ? key : key + KEY_BYTES;
    if (payload > this.#ring.tail) return false;
    if (length > MAX_SHORT) {
      const isLong = length !== LENGTH_IN_2_BYTES;
      if (isLong && bytes[head + 2]! > 0x7f) throw broken("a length of more than 63 bits");
      length = 0;
      for (let at = head + 2; at < key; at++) length = length * 256 + bytes[at]!;
      if (length < (isLong ? 0x1_0000 : LENGTH_IN_2_BYTES)) {
        throw broken("a length that is not in its shortest form");
      }
    }
    if (!this.#fragmented) this.#emptyFragments = 0;
    if (length === 0 && ++this.#emptyFragments > MAX_EMPTY_FRAGMENTS) {
      throw new FrameError(CLOSE_CODE.policy, "too many fragments that are empty");
    }
    const end = (this.#fragmented ? this.#filled : 0) + length;
    if (end > this.maxMessageBytes) {
      const what = `a message of more than ${this.maxMessageBytes} bytes`;
      throw new FrameError(CLOSE_CODE.tooLarge, what);
    }
    this.#final = (bytes[head]! & FINAL) !== 0;
    this.#inFrame = true;
    if (this.#masked !== 0) this.#key = keyAt(bytes, key);
    this.#ring.head = payload;
    this.#makeRoom(end);
    this.#fragmented = !this.#final;
    return true;
  }

  #makeRoom(end: number): void {
    this.#frameEnd = end;
    if (!this.#fragmented) {
      this.#message = end < LARGE_BATCH_BYTES
        ? new Uint8Array(end)
        : STREAM_MEMORY.lendTightly(end);
      this.#filled = 0;
    } else if (end > this.#message.length) {
      // However small the fragments are, they are moved a few times only.
      const message = new Uint8Array(Math.max(end, Math.min(end * 2, this.maxMessageBytes)));
      message.set(this.#message.subarray(0, this.#filled));
      freeMessage(this.#message);
      this.#message = message;
    }
    this.#frameStart = this.#filled;
  }

  /** Moves what is there of the frame to its message; whether that is all of it. */
  #fill(): boolean {
    const ring = this.#ring;
    const missing = this.#frameEnd - this.#filled;
    const count = Math.min(missing, ring.length);
    if (count > 0) {
      this.#message.set(ring.bytes.subarray(ring.head, ring.head + count), this.#filled);
      ring.head += count;
      this.#filled += count;
    }
    if (count < missing) return false;
    this.#inFrame = false;
    if (this.#masked !== 0) this.#unmask();
    return true;
  }

  #unmask(): void {
    const message = this.#message, start = this.#frameStart, end = this.#frameEnd;
    const words = end - start < WORTH_WORDS_BYTES
      ? null
      : new Uint32Array(message.buffer, 0, message.length >>> 2);
    mask(message, words, start, end, this.#key);
  }

  #handOver(): true {
    const message = this.#message;
    this.opcode = OPCODE.binary;
    this.payload = message.length === this.#filled ? message : message.slice(0, this.#filled);
    this.#message = EMPTY;
    return true;
  }
}

/**
 * Takes back the memory of a message of a {@linkcode FrameReader} that nobody needs any more.
 *
 * @param message The message, empty from then on.
 */
export function freeMessage(message: Uint8Array<ArrayBuffer>): void {
  // Smaller ones have memory of their own, of whatever size.
  if (message.length >= LARGE_BATCH_BYTES) STREAM_MEMORY.takeBack(message);
  else giveBack(message);
}

/** As {@linkcode mask} takes it. */
function keyAt(bytes: Uint8Array, at: number): number {
  return bytes[at]! | bytes[at + 1]! << 8 | bytes[at + 2]! << 16 | bytes[at + 3]! << 24;
}

function broken(what: string): FrameError {
  return new FrameError(CLOSE_CODE.protocolError, what);
}
