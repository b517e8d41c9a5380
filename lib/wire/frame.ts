/**
 * The frame header: 16 bytes before every payload. PROTOCOL.md describes what
 * each type means; tests/vectors hold examples of each in hex.
 *
 * ```text
 *  0       1       2               4               8              12            16
 *  +-------+-------+---------------+---------------+---------------+-------------+
 *  | type  | flags | code (u16)    | length (u32)  | id (u32)      | argument    |
 *  +-------+-------+---------------+---------------+---------------+-------------+
 * ```
 *
 * All numbers are little-endian; `length` counts the payload that follows.
 *
 * @module
 */

/** The size of every frame header. */
export const HEADER_BYTES = 16;

/** The types of frames. The opener is the side that made the call, the responder the other one. */
export const FrameType = {
  /** Handshake: names, versions, limits, a nonce. */
  hello: 1,
  /** Handshake, dialler: proof of the secret. */
  proof: 2,
  /** Handshake, acceptor: its own proof, and the connection is open. */
  welcome: 3,
  /** The connection ends; the payload says why. */
  goodbye: 4,
  /** Asks for no new calls: the sender is closing, or ends this connection. */
  drain: 5,
  /** Defines a number for a handler's name. */
  name: 6,
  /** Ping: asks for a pong. */
  ping: 7,
  /** Pong: answers a ping. */
  pong: 8,
  /** Gives back bytes of the connection's budget. */
  window: 9,
  /** Acknowledges how many bulk bytes have arrived. */
  arrived: 10,
  /** Opener: a single request. */
  request: 16,
  /** Opener: opens a stream. */
  open: 17,
  /** Opener: a message of a stream. */
  input: 18,
  /** Opener: no more messages. */
  inputEnd: 19,
  /** Opener: cancels the call. */
  cancel: 20,
  /** Opener: lets the responder send more messages. */
  outputCredit: 21,
  /** Opener: the next fragment of a message. */
  openerFragment: 22,
  /** Responder: the response to a request. */
  response: 32,
  /** Responder: the call failed. */
  error: 33,
  /** Responder: a message of a stream. */
  output: 34,
  /** Responder: no more messages, the stream ended without an error. */
  outputEnd: 35,
  /** Responder: lets the opener send more messages. */
  inputCredit: 36,
  /** Responder: the next fragment of a message. */
  responderFragment: 37,
} as const;

/** Bits 0 and 1 of the flags: the kind of payload. */
export const PayloadKind = {
  /** Bytes, possibly none. */
  bytes: 0,
  /** `null`, not bytes. */
  null: 1,
  /** No payload at all: `undefined`. */
  absent: 2,
} as const;

/** The bits of the flags that hold the payload's kind. */
export const KIND_MASK = 0x03;
/** Flag: the payload begins with a block of metadata. */
export const FLAG_METADATA = 0x04;
/** Flag: the payload is a u32, the message's whole size, and its first fragment; others follow. */
export const FLAG_FIRST = 0x08;
/** All flags that each side knows; the others are zero. */
export const KNOWN_FLAGS = 0x0f;
/** Where the priority of a call stands in the flags: two bits, where both sides know them. */
export const PRIORITY_SHIFT = 4;
/** The bits of the flags that hold it. */
export const PRIORITY_MASK = 0x30;

/** The largest message that is written into a batch at once. */
export const INTERACTIVE_BYTES: number = 8 * 1024;

/** Whether frames of that type carry a message, or the first fragment of one. */
export function carriesMessage(type: number): boolean {
  return type >= FrameType.request && type <= FrameType.input || type === FrameType.response ||
    type === FrameType.output;
}

/**
 * Whether a batch is one whole message.
 *
 * @param view Where it lies.
 * @param at Where its first frame begins.
 * @param length How long all its frames are.
 */
export function isOneMessage(view: DataView, at: number, length: number): boolean {
  return view.getUint32(at + 4, true) === length - HEADER_BYTES &&
    carriesMessage(view.getUint8(at)) && (view.getUint8(at + 1) & FLAG_FIRST) === 0;
}

/**
 * Whether a frame that carries a message or a fragment is bulk, whose arrival
 * the receiver acknowledges: fragments and large messages are.
 */
export function isBulk(type: number, flags: number, length: number): boolean {
  return length > INTERACTIVE_BYTES || (flags & FLAG_FIRST) !== 0 ||
    type === FrameType.openerFragment || type === FrameType.responderFragment;
}

/** The `argument` of a request without a deadline. */
export const NO_TIMEOUT = 0xffff_ffff;
