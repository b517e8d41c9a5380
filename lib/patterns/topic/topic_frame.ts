/**
 * What publishers send to the nodes that subscribe.
 *
 * @module
 */

import { InternodeError } from "../../errors.ts";
import { hexOf } from "../../foreign/hex.ts";
import { expectEnd } from "../../codec/values/whole.ts";
import { ByteReader } from "../../wire/byte_reader.ts";
import type { Codec } from "../../codec/format/codec.ts";
import { payloadMemory } from "../../wire/payload_memory.ts";
import { MAX_HEAD_BYTES, MessageKind } from "./message_slab.ts";

/** What a frame is. */
const Kind = { hello: 0, messages: 1 } as const;

/** The kind, and a number as two times 32 bits: that of the first message. */
const HEAD_BYTES = 9;
/** How long the name of a publisher's life is, as bytes. */
export const LIFE_BYTES = 8;
const NUMBER_BYTES = 8;
const HELLO_BYTES = HEAD_BYTES + NUMBER_BYTES + LIFE_BYTES;
const NO_BYTES = new Uint8Array(0);
const NONE: never[] = [];

/** A message that has come. */
export interface ReceivedMessage<T> {
  readonly value: T;
  /** The host that has published it; whoever knows says so. */
  publisher: string;
  readonly sequence: number;
  /** How many bytes it took. */
  readonly size: number;
}

/** Where a head is read. */
interface HeadReader {
  readonly bytes: Uint8Array;
  position: number;
  readonly end: number;
}

/** What has come: messages one behind the other, or a greeting that says behind which number messages follow. */
export interface TopicFrame<T> {
  /** The number of the first message, from 1; a greeting's: up to which there are none to come. */
  readonly at: number;
  /** The publisher's life, a greeting's; `null`: messages. */
  readonly life: string | null;
  /** A greeting's: messages up to this number were published before. */
  readonly live: number;
  /** Those that are decoded, until they are taken. */
  messages: ReceivedMessage<T>[];
  /** How many bytes the messages take. */
  readonly size: number;
  /** Messages of bytes, which are not decoded before they are taken. */
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** A frame of messages that are encoded already, as it is sent. */
export function messagesFrame(
  at: number,
  bytes: Uint8Array<ArrayBuffer>,
  position: number,
  end: number,
): Uint8Array<ArrayBuffer> {
  const frame = payloadMemory(HEAD_BYTES + end - position);
  frame[0] = Kind.messages;
  putNumber(frame, 1, at);
  frame.set(bytes.subarray(position, end), HEAD_BYTES);
  return frame;
}

/** A greeting, as it is sent. */
export function helloFrame(life: Uint8Array, at: number, live: number): Uint8Array<ArrayBuffer> {
  const frame = new Uint8Array(HELLO_BYTES);
  frame[0] = Kind.hello;
  putNumber(frame, 1, at);
  putNumber(frame, HEAD_BYTES, live);
  frame.set(life, HEAD_BYTES + NUMBER_BYTES);
  return frame;
}

/** The codec of frames: what is sent is encoded already, so that nodes share it, and what comes is a {@linkcode TopicFrame}. */
export function frameCodec<T>(codec: Codec<T>): Codec<TopicFrame<T>> {
  return {
    raw: true,
    encode: (frame, writer) => writer.append(frame as unknown as Uint8Array),
    decode: (reader) => readFrame(codec, reader),
  };
}

function readFrame<T>(codec: Codec<T>, reader: ByteReader): TopicFrame<T> {
  const size = reader.remaining;
  if (size < HEAD_BYTES) throw malformed();
  const { view, position } = reader, kind = view.getUint8(position);
  const at = getNumber(view, position + 1);
  reader.position += HEAD_BYTES;
  if (kind === Kind.messages) {
    const size = reader.remaining;
    if (codec.raw !== true) {
      const messages = readMessages(codec, at, reader, "");
      return { at, life: null, live: 0, messages, size, bytes: NO_BYTES };
    }
    if (size === 0) throw malformed();
    return { at, life: null, live: 0, messages: NONE, size, bytes: reader.takeBytes(size) };
  }
  if (kind !== Kind.hello || size !== HELLO_BYTES) throw malformed();
  const live = getNumber(view, reader.position);
  reader.position += NUMBER_BYTES;
  const life = hexOf(reader.takeBytes(LIFE_BYTES));
  return { at, life, live, messages: NONE, size: 0, bytes: NO_BYTES };
}

/**
 * The messages of a frame that has come. Whoever takes them owns the array.
 * Bytes are decoded here, as parts of the frame: what waits in a stream takes
 * its bytes then, in place of objects for each message.
 *
 * @throws {InternodeError} `InvalidPayload` if these are none.
 */
export function messagesOf<T>(
  codec: Codec<T>,
  frame: TopicFrame<T>,
  publisher: string,
): ReceivedMessage<T>[] {
  const { at, messages, bytes } = frame;
  // Whoever awaits the next frame may still hold this one.
  frame.messages = NONE;
  if (bytes.length === 0) {
    for (const message of messages) message.publisher = publisher;
    return messages;
  }
  const reader = new ByteReader();
  reader.reset(bytes, 0, bytes.length, undefined, true);
  return readMessages(codec, at, reader, publisher);
}

function readMessages<T>(
  codec: Codec<T>,
  at: number,
  reader: ByteReader,
  publisher: string,
): ReceivedMessage<T>[] {
  const { end } = reader, messages: ReceivedMessage<T>[] = [];
  for (let sequence = at; reader.position < end; sequence++) {
    // A message may be a single byte, and its object is much more.
    if (++reader.items > reader.maxItems) throw malformed();
    const start = reader.position, head = takeHead(reader);
    const next = reader.position + lengthOf(head);
    if (next > end) throw malformed();
    reader.end = next;
    const value = readValue(codec, head % 4, reader);
    if (reader.position !== next) expectEnd(reader);
    reader.end = end;
    messages.push({ value, publisher, sequence, size: next - start });
  }
  if (messages.length === 0) throw malformed();
  return messages;
}

/** How many bytes follow a head. */
export function lengthOf(head: number): number {
  return Math.floor(head / 4);
}

/** Reads what stands before a message: two bits of `MessageKind`, and how many bytes follow. */
export function takeHead(reader: HeadReader): number {
  const { bytes, position, end } = reader, first = bytes[position]!;
  if (first < 0x80) {
    reader.position++;
    return first;
  }
  // Messages of up to 4 kB have a head of at most two bytes.
  if (position + 1 < end && bytes[position + 1]! < 0x80) {
    reader.position += 2;
    return first & 0x7f | bytes[position + 1]! << 7;
  }
  return takeLongHead(reader);
}

function takeLongHead(reader: HeadReader): number {
  const { bytes, end } = reader;
  let head = 0, factor = 1;
  for (let count = 0; count < MAX_HEAD_BYTES && reader.position < end; count++) {
    const byte = bytes[reader.position++]!;
    head += (byte & 0x7f) * factor;
    if (byte < 0x80) return head;
    factor *= 0x80;
  }
  throw malformed();
}

function readValue<T>(codec: Codec<T>, kind: number, reader: ByteReader): T {
  if (kind === MessageKind.value) return codec.decode(reader);
  if (reader.remaining > 0) throw malformed();
  if (kind === MessageKind.absent && codec.optional === true) return undefined as T;
  if (kind === MessageKind.null && codec.nullable === true) return null as T;
  throw malformed();
}

function getNumber(view: DataView, offset: number): number {
  return view.getUint32(offset) * 2 ** 32 + view.getUint32(offset + 4);
}

function putNumber(bytes: Uint8Array, offset: number, at: number): void {
  for (let left = at, next = offset + NUMBER_BYTES; next > offset; left = Math.floor(left / 256)) {
    bytes[--next] = left % 256;
  }
}

function malformed(): InternodeError {
  return new InternodeError("InvalidPayload", "Cannot decode: these are no messages of a topic.", {
    origin: "remote",
  });
}
