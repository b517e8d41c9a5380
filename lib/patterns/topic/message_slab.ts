/**
 * Where the bytes of published messages are.
 *
 * @module
 */

import type { Codec } from "../../codec/format/codec.ts";
import { ByteWriter } from "../../wire/byte_writer.ts";

/** How many items a message may have if its codec allows no more. */
const { maxItems: MAX_ITEMS } = new ByteWriter(0);

/** What stands before the bytes of a message: two bits of this, and how many bytes follow. */
export const MessageKind = { value: 0, absent: 1, null: 2 } as const;

/** Messages share memory, so that few arrays are made and what follows each other lies side by side: first this much, then twice as much each time. */
const FIRST_SLAB_BYTES = 16_384, MAX_SLAB_BYTES = 65_536;
/** A longer one has memory of its own. */
const MAX_SHARED_BYTES = 8_192;

/** A message, encoded once for all who get it. */
export interface EncodedMessage {
  /** The memory; others may be in it. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Where the message begins in it. */
  readonly start: number;
  /** Where it ends. */
  readonly end: number;
}

/** Encodes messages one behind the other. */
export class MessageSlab<T> {
  readonly #codec: Codec<T>;
  /** `null` while a message is written: a getter of it may publish another one. */
  #writer: ByteWriter | null = null;
  #slabBytes = FIRST_SLAB_BYTES;
  /** How long the head of the last message was: mostly that of the next one. */
  #headBytes = 1;

  constructor(codec: Codec<T>) {
    this.#codec = codec;
  }

  /**
   * Encodes a message.
   *
   * @throws {InternodeError} `InvalidPayload` if it does not fit the codec.
   */
  encode(value: T): EncodedMessage {
    let writer = this.#writer;
    this.#writer = null;
    if (writer === null) writer = new ByteWriter(this.#slabBytes);
    else if (writer.position > this.#slabBytes - MAX_SHARED_BYTES) {
      this.#slabBytes = Math.min(this.#slabBytes * 2, MAX_SLAB_BYTES);
      writer = new ByteWriter(this.#slabBytes);
    }
    const start = writer.position;
    try {
      this.#write(value, writer, start);
    } catch (error) {
      writer.position = start;
      this.#keep(writer);
      throw error;
    }
    const end = writer.position;
    if (end - start <= MAX_SHARED_BYTES) {
      this.#keep(writer);
      return { bytes: writer.bytes, start, end };
    }
    const bytes = writer.bytes.slice(start, end);
    writer.position = start;
    this.#keep(writer);
    return { bytes, start: 0, end: bytes.length };
  }

  #write(value: T, writer: ByteWriter, start: number): void {
    const codec = this.#codec, guessed = this.#headBytes;
    const isAbsent = value === undefined && codec.optional === true;
    const isNull = value === null && codec.nullable === true;
    writer.items = 0;
    writer.maxItems = MAX_ITEMS;
    writer.ensure(guessed);
    writer.position = start + guessed;
    if (!isAbsent && !isNull) codec.encode(value, writer);
    const length = writer.position - start - guessed;
    const kind = isAbsent ? MessageKind.absent : isNull ? MessageKind.null : MessageKind.value;
    const head = length * 4 + kind, headBytes = headLength(head);
    if (headBytes !== guessed) {
      writer.ensure(MAX_HEAD_BYTES);
      writer.bytes.copyWithin(start + headBytes, start + guessed, writer.position);
      writer.position = start + headBytes + length;
      this.#headBytes = headBytes;
    }
    putHead(writer.bytes, start, head);
  }

  #keep(writer: ByteWriter): void {
    // One that a long message has made longer is not kept for its sake.
    if (writer.bytes.length === this.#slabBytes) this.#writer = writer;
  }
}

/** Seven bits a byte, the lowest first; the eighth says that more follow. */
function putHead(bytes: Uint8Array, at: number, head: number): void {
  for (; head > 0x7f; head = Math.floor(head / 0x80)) bytes[at++] = head % 0x80 | 0x80;
  bytes[at] = head;
}

function headLength(head: number): number {
  let length = 1;
  for (; head > 0x7f; head = Math.floor(head / 0x80)) length++;
  return length;
}

/** Enough for the length of anything that fits into an array. */
export const MAX_HEAD_BYTES = 8;
