/**
 * A record's text fields remember the last text they carried.
 *
 * Many fields say the same thing in message after message: a node's own
 * name, a source line, a bucket. Writing such a text again is a copy of a few
 * words, reading it again a comparison of a few words that makes no new
 * string. Both are exact: the whole text is compared, on the way in byte by
 * byte. A field whose texts differ each time soon stops trying and looks
 * again only now and then.
 *
 * @module
 */

import type { ByteReader } from "../../wire/byte_reader.ts";
import type { ByteWriter } from "../../wire/byte_writer.ts";

/** Longer texts, key and heads included, are not remembered. */
const MAX_BYTES = 128;
/** How much room {@linkcode TextFieldWriter.copy} asks for, as it writes in words of 8 bytes. */
export const COPY_ROOM_BYTES: number = MAX_BYTES + 7;
/** An empty text as MessagePack. */
const EMPTY_TEXT = 0xa0;
/** After so many different texts in a row a field stops trying. */
const PATIENCE = 16;
/** After so many more it looks again, with little patience. */
const REST = 4_096;
/** So many different texts in a row it bears then. */
const LITTLE_PATIENCE = 2;

/** Remembers the last text that one field of a record has written. */
export class TextFieldWriter {
  /** What is remembered; in the beginning, and after giving up, the empty text. */
  text = "";
  /** How many texts are to pass before it tries to remember one again. */
  rest = 0;
  readonly #bytes: Uint8Array<ArrayBuffer>;
  readonly #view: DataView<ArrayBuffer>;
  readonly #keyLength: number;
  /** How many bytes key and text have together. */
  #length: number;
  #patience = PATIENCE;

  /** @param key The field's key as MessagePack. */
  constructor(key: Uint8Array) {
    this.#bytes = new Uint8Array(key.length + COPY_ROOM_BYTES);
    this.#bytes.set(key);
    this.#bytes[key.length] = EMPTY_TEXT;
    this.#view = new DataView(this.#bytes.buffer);
    this.#keyLength = key.length;
    this.#length = key.length + 1;
  }

  /**
   * Writes the key and the text that is remembered, as it has come again.
   *
   * @param view Where they go; {@linkcode COPY_ROOM_BYTES} and the key's of room are there.
   * @param at Where they begin.
   * @returns Where they end.
   */
  copy(view: DataView, at: number): number {
    this.#patience = PATIENCE;
    const known = this.#view, length = this.#length;
    for (let i = 0; i < length; i += 8) view.setBigUint64(at + i, known.getBigUint64(i));
    return at + length;
  }

  /**
   * Remembers a text, or gives up for a while.
   *
   * @param text Another text than the one that is remembered.
   * @param writer Where it was written, last of all.
   * @param start Where its key begins there.
   */
  learn(text: string, writer: ByteWriter, start: number): void {
    const length = writer.position - start;
    if (--this.#patience <= 0) {
      this.rest = REST;
      this.#patience = LITTLE_PATIENCE;
      this.text = "";
      this.#bytes[this.#keyLength] = EMPTY_TEXT;
      this.#length = this.#keyLength + 1;
    } else if (length <= MAX_BYTES) {
      for (let i = this.#keyLength; i < length; i++) this.#bytes[i] = writer.bytes[start + i]!;
      this.#length = length;
      this.text = text;
    }
  }
}

/** Remembers the last text that one field of a record has read. */
export class TextFieldReader {
  /** What is remembered. */
  text = "";
  /** How many bytes it has, head included; 0: nothing is remembered. */
  length = 0;
  /** How many texts are to pass before it tries to remember one again. */
  rest = 0;
  readonly #bytes: Uint8Array<ArrayBuffer> = new Uint8Array(MAX_BYTES);
  readonly #view: DataView<ArrayBuffer> = new DataView(this.#bytes.buffer);
  #patience = PATIENCE;

  /**
   * Whether what is remembered stands at a place.
   *
   * @param view The message, and other things beside it.
   * @param at The place.
   * @param end Where the message ends.
   */
  isNext(view: DataView, at: number, end: number): boolean {
    const length = this.length;
    if (at + length > end) return false;
    const known = this.#view;
    let i = 0;
    for (; i + 4 <= length; i += 4) {
      if (view.getInt32(at + i) !== known.getInt32(i)) return false;
    }
    for (; i < length; i++) if (view.getUint8(at + i) !== known.getUint8(i)) return false;
    this.#patience = PATIENCE;
    return true;
  }

  /**
   * Remembers a text, or gives up for a while.
   *
   * @param text Another text than the one that is remembered.
   * @param reader Where it was read.
   * @param start Where its head is.
   * @param end Where it ends.
   */
  learn(text: string, reader: ByteReader, start: number, end: number): void {
    const length = end - start;
    if (--this.#patience <= 0) {
      this.rest = REST;
      this.#patience = LITTLE_PATIENCE;
      this.length = 0;
    } else if (length <= MAX_BYTES) {
      for (let i = 0; i < length; i++) this.#bytes[i] = reader.bytes[start + i]!;
      this.length = length;
      this.text = text;
    }
  }
}
