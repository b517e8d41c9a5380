/**
 * What publishers send to the nodes that subscribe.
 *
 * @module
 */

import { InternodeError } from "../../errors.ts";
import { hexOf } from "../../foreign/hex.ts";
import { toBytes } from "../../codec/values/whole.ts";
import type { ByteReader } from "../../wire/byte_reader.ts";
import type { ByteWriter } from "../../wire/byte_writer.ts";
import type { Codec } from "../../codec/format/codec.ts";

/** What a frame is. All but the first carry a message. */
const Kind = { hello: 0, value: 1, absent: 2, null: 3 } as const;

/** Before the message: the kind, and the number as two times 32 bits. */
const HEAD_BYTES = 9;
/** How long the name of a publisher's life is, as bytes. */
export const LIFE_BYTES = 8;
const NUMBER_BYTES = 8;
const HELLO_BYTES = HEAD_BYTES + NUMBER_BYTES + LIFE_BYTES;
const NO_BYTES = new Uint8Array(0);

/** A message with its number, or a greeting that says behind which number messages follow. */
export interface TopicFrame<T> {
  /** Counts the publisher's messages, from 1. */
  at: number;
  /** The publisher's life, a greeting's; `null`: a message's. */
  readonly life: string | null;
  /** A greeting's: messages up to this number were published before. */
  readonly live: number;
  /** The message. */
  readonly value: T;
  /** It encoded. A received one has none. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** How many bytes that is, or was. */
  readonly size: number;
}

/**
 * A message, encoded once for all subscribers.
 *
 * @throws {InternodeError} `InvalidPayload` if it does not fit the codec.
 */
export function messageFrame<T>(codec: Codec<T>, value: T): TopicFrame<T> {
  const bytes = toBytes<T>({
    encode: (message, writer) => writeMessage(codec, message, writer),
    decode: codec.decode,
  }, value);
  return { at: 0, life: null, live: 0, value, bytes, size: bytes.length };
}

/** Gives a message its number. */
export function number<T>(frame: TopicFrame<T>, at: number): void {
  frame.at = at;
  putNumber(new DataView(frame.bytes.buffer), 1, at);
}

/** A greeting. */
export function helloFrame<T>(life: Uint8Array, at: number, live: number): TopicFrame<T> {
  const bytes = new Uint8Array(HELLO_BYTES), view = new DataView(bytes.buffer);
  putNumber(view, 1, at);
  putNumber(view, HEAD_BYTES, live);
  bytes.set(life, HEAD_BYTES + NUMBER_BYTES);
  return { at, life: hexOf(life), live, value: undefined as T, bytes, size: bytes.length };
}

/** The codec of frames: those that are sent are encoded already. */
export function frameCodec<T>(codec: Codec<T>): Codec<TopicFrame<T>> {
  return {
    encode: ({ bytes }, writer) => writer.append(bytes),
    decode: (reader) => readFrame(codec, reader),
  };
}

function writeMessage<T>(codec: Codec<T>, value: T, writer: ByteWriter): void {
  const isAbsent = value === undefined && codec.optional === true;
  const isNull = value === null && codec.nullable === true;
  writer.ensure(HEAD_BYTES);
  writer.bytes[writer.position] = isAbsent ? Kind.absent : isNull ? Kind.null : Kind.value;
  writer.position += HEAD_BYTES;
  if (!isAbsent && !isNull) codec.encode(value, writer);
}

function readFrame<T>(codec: Codec<T>, reader: ByteReader): TopicFrame<T> {
  const size = reader.remaining;
  if (size < HEAD_BYTES) throw malformed();
  const { view, position } = reader, kind = view.getUint8(position);
  const at = getNumber(view, position + 1);
  reader.position += HEAD_BYTES;
  if (kind === Kind.hello) {
    if (size !== HELLO_BYTES) throw malformed();
    const live = getNumber(view, reader.position);
    reader.position += NUMBER_BYTES;
    const life = hexOf(reader.takeBytes(LIFE_BYTES));
    return { at, life, live, value: undefined as T, bytes: NO_BYTES, size };
  }
  return { at, life: null, live: 0, value: readValue(codec, kind, reader), bytes: NO_BYTES, size };
}

function readValue<T>(codec: Codec<T>, kind: number, reader: ByteReader): T {
  if (kind === Kind.value) return codec.decode(reader);
  if (kind === Kind.absent && codec.optional === true) return undefined as T;
  if (kind === Kind.null && codec.nullable === true) return null as T;
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
  return new InternodeError("InvalidPayload", "Cannot decode: this is no message of a topic.", {
    origin: "remote",
  });
}
