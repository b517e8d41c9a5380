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

/** Messages one behind the other, or a greeting that says behind which number messages follow. */
export interface TopicFrame<T> {
  /** The number of the first message, from 1; a greeting's: up to which there are none to come. */
  readonly at: number;
  /** The publisher's life, a greeting's; `null`: messages. */
  readonly life: string | null;
  /** A greeting's: messages up to this number were published before. */
  readonly live: number;
  /** What has come and was decoded. */
  readonly messages: ReceivedMessage<T>[];
  /** How many bytes the messages take. */
  readonly size: number;
  /** What is sent behind the number; of frames that have come: messages of bytes, which are not decoded before they are taken. */
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** A frame of messages, of which the bytes are there already. */
export function messagesFrame<T>(at: number, bytes: Uint8Array<ArrayBuffer>): TopicFrame<T> {
  return { at, life: null, live: 0, messages: NONE, size: bytes.length, bytes };
}

/** A greeting. */
export function helloFrame<T>(life: Uint8Array, at: number, live: number): TopicFrame<T> {
  const bytes = new Uint8Array(NUMBER_BYTES + LIFE_BYTES);
  putNumber(new DataView(bytes.buffer), 0, live);
  bytes.set(life, NUMBER_BYTES);
  return { at, life: hexOf(life), live, messages: NONE, size: 0, bytes };
}

/** The codec of frames: the messages in those that are sent are encoded already. */
export function frameCodec<T>(codec: Codec<T>): Codec<TopicFrame<T>> {
  return {
    encode: ({ at, life, bytes }, writer) => {
      writer.ensure(HEAD_BYTES);
      writer.bytes[writer.position] = life === null ? Kind.messages : Kind.hello;
      putNumber(writer.view, writer.position + 1, at);
      writer.position += HEAD_BYTES;
      writer.append(bytes);
    },
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
      const messages = readMessages(codec, at, reader);
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
  { at, messages, bytes }: TopicFrame<T>,
): ReceivedMessage<T>[] {
  if (bytes.length === 0) return messages;
  const reader = new ByteReader();
  reader.reset(bytes, 0, bytes.length, undefined, true);
  return readMessages(codec, at, reader);
}

function readMessages<T>(
  codec: Codec<T>,
  at: number,
  reader: ByteReader,
): ReceivedMessage<T>[] {
  const { end } = reader, messages: ReceivedMessage<T>[] = [];
  for (let sequence = at; reader.position < end; sequence++) {
    // A message may be a single byte, and its object is much more.
    if (++reader.items > reader.maxItems) throw malformed();
    const start = reader.position, first = reader.bytes[start]!;
    // Most messages are short.
    if (first < 0x80) reader.position++;
    const head = first < 0x80 ? first : takeHead(reader);
    const next = reader.position + Math.floor(head / 4);
    if (next > end) throw malformed();
    reader.end = next;
    const value = readValue(codec, head % 4, reader);
    if (reader.position !== next) expectEnd(reader);
    reader.end = end;
    messages.push({ value, publisher: "", sequence, size: next - start });
  }
  if (messages.length === 0) throw malformed();
  return messages;
}

/** Reads what stands before a message: two bits of `MessageKind`, and how many bytes follow. */
export function takeHead(reader: HeadReader): number {
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

function putNumber(view: DataView, offset: number, at: number): void {
  view.setUint32(offset, Math.floor(at / 2 ** 32));
  view.setUint32(offset + 4, at >>> 0);
}

function malformed(): InternodeError {
  return new InternodeError("InvalidPayload", "Cannot decode: these are no messages of a topic.", {
    origin: "remote",
  });
}
