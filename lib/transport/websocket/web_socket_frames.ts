/**
 * The frames of WebSocket: RFC 6455, section 5.
 *
 * @module
 */

import { plainText } from "../../foreign/plain_text.ts";

/** The kinds of frames. */
export const OPCODE = {
  /** Continues the message of an earlier frame. */
  continuation: 0,
  /** Begins a message of text. */
  text: 1,
  /** Begins a message of bytes. */
  binary: 2,
  /** Announces that no frame follows from this side. */
  close: 8,
  /** Asks for a pong. */
  ping: 9,
  /** Answers a ping. */
  pong: 10,
} as const;

/** The codes of close frames. */
export const CLOSE_CODE = {
  /** A normal close. */
  normal: 1000,
  /** The other side broke the protocol. */
  protocolError: 1002,
  /** Messages of this kind are not supported. */
  unsupported: 1003,
  /** Stands for a close frame without a code; never sent. */
  none: 1005,
  /** A text is not valid UTF-8. */
  notText: 1007,
  /** The other side did something useless that the protocol allows. */
  policy: 1008,
  /** A message was too large. */
  tooLarge: 1009,
} as const;

/** The longest payload of a control frame, in bytes. */
export const MAX_CONTROL_BYTES = 125;
const FINAL = 0x80;
const MASKED = 0x80;
const LENGTH_IN_2_BYTES = 126;
const LENGTH_IN_8_BYTES = 127;
/** The size of a mask's key. */
export const KEY_BYTES = 4;
/** Below this many bytes, words are not faster. */
const LEAST_FOR_WORDS = 16;

/** The other side sent an invalid frame. The message continues after "the other side sent ". */
export class FrameError extends Error {
  /** The code to close the connection with. */
  readonly closeCode: number;

  constructor(closeCode: number, what: string) {
    super(what);
    this.name = "FrameError";
    this.closeCode = closeCode;
  }
}

/**
 * The size of a frame.
 *
 * @param payloadBytes The size of its payload.
 * @param masked Whether it is masked.
 * @returns The size with its header, in bytes.
 */
export function frameBytes(payloadBytes: number, masked: boolean): number {
  const lengthBytes = payloadBytes < LENGTH_IN_2_BYTES ? 0 : payloadBytes < 0x1_0000 ? 2 : 8;
  return 2 + lengthBytes + (masked ? KEY_BYTES : 0) + payloadBytes;
}

/**
 * Writes a final frame. Clients must mask what they send: code that chooses a
 * payload, such as a web page, must not choose the bytes on the wire, or they
 * could look like a request to a proxy in between. Servers refuse unmasked
 * frames, and send no masked ones.
 *
 * @param into Where to; begins at a multiple of 4 within its buffer.
 * @param words The same bytes as words.
 * @param at Where in it; {@linkcode frameBytes} follow.
 * @param opcode What the frame is for.
 * @param payload Its payload, copied.
 * @param key 32 random bits, new for each frame; `null` for no mask.
 * @returns Where the frame ends.
 */
export function writeFrame(
  into: Uint8Array<ArrayBuffer>,
  words: Uint32Array<ArrayBuffer>,
  at: number,
  opcode: number,
  payload: Uint8Array<ArrayBuffer>,
  key: number | null,
): number {
  const length = payload.length, masked = key === null ? 0 : MASKED;
  into[at++] = FINAL | opcode;
  if (length < LENGTH_IN_2_BYTES) {
    into[at++] = masked | length;
  } else if (length < 0x1_0000) {
    into[at++] = masked | LENGTH_IN_2_BYTES;
  } else {
    into[at++] = masked | LENGTH_IN_8_BYTES;
    // No buffer is of 4 GiB.
    into.fill(0, at, at + 4);
    at += 4;
    into[at++] = length >>> 24;
    into[at++] = length >>> 16;
  }
  if (length >= LENGTH_IN_2_BYTES) {
    into[at++] = length >>> 8;
    into[at++] = length;
  }
  if (key === null) {
    into.set(payload, at);
  } else {
    into[at++] = key;
    into[at++] = key >>> 8;
    into[at++] = key >>> 16;
    into[at++] = key >>> 24;
    into.set(payload, at);
    mask(into, words, at, at + length, key);
  }
  return at + length;
}

/**
 * Masks bytes where they lie, or unmasks them, which is the same: the first
 * with the lowest byte of the key, and so on in turns.
 *
 * @param bytes Where they lie; begins at a multiple of 4 within its buffer.
 * @param words The same bytes as words; `null` if it is not worth having them.
 * @param at Where they begin.
 * @param end Where they end.
 * @param key The key.
 */
export function mask(
  bytes: Uint8Array<ArrayBuffer>,
  words: Uint32Array<ArrayBuffer> | null,
  at: number,
  end: number,
  key: number,
): void {
  if (words !== null && end - at >= LEAST_FOR_WORDS) {
    while ((at & 3) !== 0) {
      bytes[at]! ^= key;
      at++;
      key = key >>> 8 | key << 24;
    }
    // The runtime knows little-endian machines only.
    const lastWord = end >>> 2;
    let word = at >>> 2;
    for (; word + 4 <= lastWord; word += 4) {
      words[word]! ^= key;
      words[word + 1]! ^= key;
      words[word + 2]! ^= key;
      words[word + 3]! ^= key;
    }
    for (; word < lastWord; word++) words[word]! ^= key;
    at = lastWord << 2;
  }
  for (; at < end; at++) {
    bytes[at]! ^= key;
    key = key >>> 8 | key << 24;
  }
}

/**
 * The payload of a close frame.
 *
 * @param code Why.
 * @param reason The same in words; ASCII, at most 123 characters.
 * @returns The bytes.
 */
export function closePayload(code: number, reason: string): Uint8Array<ArrayBuffer> {
  const payload = new Uint8Array(2 + reason.length);
  payload[0] = code >>> 8;
  payload[1] = code;
  new TextEncoder().encodeInto(reason, payload.subarray(2));
  return payload;
}

/** The codes of RFC 6455 (7.4.1) and IANA's register that a frame may bear, from the first to the last of each run. */
const KNOWN_CODES = [[1000, 1003], [1007, 1014], [3000, 4999]] as const;
const reasons = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Judges the payload of a close frame (RFC 6455, 5.5.1).
 *
 * @param payload The bytes.
 * @throws {FrameError} It has a single byte, a code that no frame may bear, or a reason that is no UTF-8.
 */
export function checkClosePayload(payload: Uint8Array): void {
  if (payload.length === 0) return;
  if (payload.length === 1) {
    throw new FrameError(CLOSE_CODE.protocolError, "a close frame with an incomplete code");
  }
  const code = payload[0]! << 8 | payload[1]!;
  if (!KNOWN_CODES.some(([first, last]) => code >= first && code <= last)) {
    throw new FrameError(CLOSE_CODE.protocolError, `a close frame with the invalid code ${code}`);
  }
  try {
    reasons.decode(payload.subarray(2));
  } catch {
    throw new FrameError(CLOSE_CODE.notText, "a close frame whose reason is not UTF-8");
  }
}

/**
 * Reads the payload of a close frame.
 *
 * @param payload The bytes.
 * @returns The code, {@linkcode CLOSE_CODE} `none` if there is none, and the reason as it may be shown.
 */
export function readClosePayload(payload: Uint8Array): { code: number; reason: string } {
  if (payload.length < 2) return { code: CLOSE_CODE.none, reason: "" };
  const code = payload[0]! << 8 | payload[1]!;
  return { code, reason: plainText(new TextDecoder().decode(payload.subarray(2))).trim() };
}
