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

import type { ByteReader } from "../wire/byte_reader.ts";
import type { ByteWriter } from "../wire/byte_writer.ts";
import { readText, writeText } from "./text.ts";

/** Longer texts, key and heads included, are not remembered. */
const MAX_BYTES = 128;
/** An empty text as MessagePack. */
const EMPTY_TEXT = 0xa0;
/** After so many different texts in a row a field stops trying. */
const PATIENCE = 16;
/** After so many more it looks again, with little patience. */
const REST = 4_096;

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
    this.#bytes = new Uint8Array(key.length + MAX_BYTES);
    this.#bytes.set(key);
    this.#bytes[key.length] = EMPTY_TEXT;
    this.#view = new DataView(this.#bytes.buffer);
    this.#keyLength = key.length;
    this.#length = key.length + 1;
  }

  /**
   * Writes the key and the text that is remembered, as it has come again.
   *
   * @param writer Where they go.
   */
  copy(writer: ByteWriter): void {
    this.#patience = PATIENCE;
    const count = this.#length;
    // In words, which may write up to 3 bytes too many into room that is there.
    writer.ensure(count + 3);
    const from = this.#view, to = writer.view, at = writer.position;
    for (let i = 0; i < count; i += 4) to.setInt32(at + i, from.getInt32(i));
    writer.position = at + count;
  }

  /**
   * Remembers a text, or gives up for a while.
   *
   * @param text Another text than the one that is remembered.
   * @param writer Where it was written.
   * @param start Where its key begins there.
   */
  learn(text: string, writer: ByteWriter, start: number): void {
    const length = writer.position - start;
    if (--this.#patience <= 0) this.#giveUp();
    else if (length <= MAX_BYTES) {
      for (let i = this.#keyLength; i < length; i++) this.#bytes[i] = writer.bytes[start + i]!;
      this.#length = length;
      this.text = text;
    }
  }

  #giveUp(): void {
    this.text = "";
    this.#bytes[this.#keyLength] = EMPTY_TEXT;
    this.#length = this.#keyLength + 1;
    this.#patience = 2;
    this.rest = REST;
  }
}

/** Reads one text field of a record, behind its key. */
export class TextFieldReader {
  #text = "";
  readonly #bytes: Uint8Array<ArrayBuffer> = new Uint8Array(MAX_BYTES);
  readonly #view: DataView<ArrayBuffer> = new DataView(this.#bytes.buffer);
  /** How many bytes the text has, head included; 0: nothing is remembered. */
  #length = 0;
  #patience = PATIENCE;

  /**
   * Reads a text.
   *
   * @param reader Stands on the text's head, afterwards behind the text.
   * @returns The text.
   */
  read(reader: ByteReader): string {
    const length = this.#length;
    if (length > 0 && this.#isNext(reader, length)) {
      reader.position += length;
      this.#patience = PATIENCE;
      return this.#text;
    }
    const start = reader.position;
    const text = readText(reader);
    if (--this.#patience > 0) this.#learn(text, reader, start);
    else if (this.#patience < -REST) this.#patience = 2;
    else this.#length = 0;
    return text;
  }

  #isNext(reader: ByteReader, length: number): boolean {
    const at = reader.position;
    if (at + length > reader.end) return false;
    const view = reader.view, known = this.#view;
    let i = 0;
    for (; i + 4 <= length; i += 4) {
      if (view.getInt32(at + i) !== known.getInt32(i)) return false;
    }
    for (; i < length; i++) if (view.getUint8(at + i) !== known.getUint8(i)) return false;
    return true;
  }

  #learn(text: string, reader: ByteReader, start: number): void {
    const length = reader.position - start;
    if (length > MAX_BYTES) return;
    for (let i = 0; i < length; i++) this.#bytes[i] = reader.bytes[start + i]!;
    this.#length = length;
    this.#text = text;
  }
}
