/**
 * UTF-8, in and out. Short ASCII text, which is most text, never leaves
 * JavaScript; the rest goes through the runtime's encoder and decoder.
 *
 * @module
 */

import type { ByteReader } from "../../wire/byte_reader.ts";
import { ByteWriter } from "../../wire/byte_writer.ts";
import { readLength, truncated, wrongType } from "./format.ts";
import { canGenerate, generate } from "./generate.ts";
import { takeMemory } from "./memory_cost.ts";
import { Problem, wrongValue } from "./problem.ts";
import {
  claimSource,
  LOAD_WRITER,
  MAX_GENERATED_BYTES,
  TEXT_ROOM_BYTES,
  writeTextSource,
} from "./text_source.ts";

/** The head of the longest texts. */
const MAX_HEAD_BYTES = 5;

const utf8Encoder = new TextEncoder();
const utf8Decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Writes a string.
 *
 * @param text The string; anything else is a {@linkcode Problem}, and so is a lone surrogate.
 * @param writer Where it goes.
 */
export const writeText: (text: string, writer: ByteWriter) => void = canGenerate
  ? generate(
    `return (text, writer) => {
      if (typeof text !== "string") wrongValue(text, "a string");
      let ${LOAD_WRITER}
      ${claimSource(TEXT_ROOM_BYTES)}
      ${writeTextSource("text", Infinity)}
      writer.position = at;
    };`,
    { wrongValue, writeEncoded },
  )
  : (text, writer) => {
    if (typeof text !== "string") wrongValue(text, "a string");
    writeEncoded(text, writer);
  };

/**
 * Writes a string through the runtime's encoder.
 *
 * Encodes behind a head that is right if all is ASCII, and shifts the text
 * if it was not; the last bytes of the buffer are kept free for that, since
 * growing it then would lose what stands behind the position.
 *
 * @param text The string; a lone surrogate is a {@linkcode Problem}.
 * @param writer Where it goes.
 */
export function writeEncoded(text: string, writer: ByteWriter): void {
  if (!text.isWellFormed()) throw new Problem("has a lone surrogate, which UTF-8 cannot carry");
  const guessed = headBytes(text.length);
  writer.ensure(text.length + 2 * MAX_HEAD_BYTES);
  let from = writer.position + guessed;
  let { read, written } = encodeAt(text, writer.bytes, from);
  if (read < text.length) {
    writer.ensure(text.length * 3 + 2 * MAX_HEAD_BYTES);
    ({ read, written } = encodeAt(text, writer.bytes, from));
  }
  const needed = headBytes(written);
  if (needed !== guessed) {
    writer.bytes.copyWithin(from + needed - guessed, from, from + written);
    from += needed - guessed;
  }
  writeTextHead(written, writer);
  writer.position = from + written;
}

function encodeAt(text: string, bytes: Uint8Array, at: number): TextEncoderEncodeIntoResult {
  return utf8Encoder.encodeInto(text, bytes.subarray(at, bytes.length - MAX_HEAD_BYTES));
}

function headBytes(length: number): number {
  return length < 32 ? 1 : length < 256 ? 2 : length < 65_536 ? 3 : 5;
}

function writeTextHead(length: number, writer: ByteWriter): void {
  const { bytes, view, position } = writer;
  if (length < 32) bytes[position] = 0xa0 | length;
  else if (length < 256) view.setUint16(position, 0xd900 | length);
  else if (length < 65_536) {
    bytes[position] = 0xda;
    view.setUint16(position + 1, length);
  } else {
    bytes[position] = 0xdb;
    view.setUint32(position + 1, length);
  }
}

/**
 * A text as it stands in messages, for what is always the same: keys, tags.
 *
 * @param text The text.
 * @returns Its bytes, head included; `undefined` if it is over 65,535 bytes or not well-formed.
 */
export function encodedText(text: string): Uint8Array<ArrayBuffer> | undefined {
  const length = utf8Encoder.encode(text).length;
  if (length > 65_535 || !text.isWellFormed()) return undefined;
  const writer = new ByteWriter(length + 5);
  writeText(text, writer);
  return writer.bytes.slice(0, writer.position);
}

/**
 * Whether certain bytes stand at a place. The caller has checked that the
 * message is long enough.
 *
 * @param bytes The message.
 * @param at The place.
 * @param wanted The bytes.
 * @param from How many of the wanted bytes to leave out at the beginning. Default: 0.
 */
export function standsAt(bytes: Uint8Array, at: number, wanted: Uint8Array, from = 0): boolean {
  for (let i = from; i < wanted.length; i++) if (bytes[at + i] !== wanted[i]) return false;
  return true;
}

/**
 * Reads the head of a string.
 *
 * @param reader Stands on the type byte, afterwards on the first byte of text.
 * @returns How many bytes of text follow; that many are there.
 */
export function readTextHead(reader: ByteReader): number {
  const at = reader.position;
  if (at >= reader.end) truncated();
  const head = reader.bytes[at]!;
  let length: number;
  if ((head & 0xe0) === 0xa0) {
    length = head & 0x1f;
    reader.position = at + 1;
  } else if (head >= 0xd9 && head <= 0xdb) {
    length = readLength(reader, head - 0xd9);
  } else wrongType(reader, "a string");
  if (length > reader.end - reader.position) truncated();
  return length;
}

/**
 * Reads a string.
 *
 * @param reader Stands on the type byte, afterwards behind the text.
 * @returns The string.
 */
export function readText(reader: ByteReader): string {
  const length = readTextHead(reader);
  const at = reader.position;
  reader.position = at + length;
  return decodeText(reader, at, length);
}

/**
 * Makes a string of UTF-8.
 *
 * @param reader Where it stands; its position counts for nothing.
 * @param at Its first byte.
 * @param length How many bytes it has.
 * @returns The string; throws a {@linkcode Problem} if it is not UTF-8.
 */
export function decodeText(reader: ByteReader, at: number, length: number): string {
  if (length <= MAX_GENERATED_BYTES) {
    const text = asciiReaders[length]!(reader.view, at);
    if (text !== undefined) return text;
  }
  // As two bytes a character; the message's own bytes count as one.
  takeMemory(reader, length);
  try {
    return utf8Decoder.decode(reader.bytes.subarray(at, at + length));
  } catch {
    throw new Problem("is not valid UTF-8");
  }
}

/** Makes a string of some number of ASCII bytes; `undefined` if one is not ASCII. */
export type AsciiReader = (view: DataView, at: number) => string | undefined;

/**
 * The readers of short ASCII text, by its length; each is made when first
 * needed.
 *
 * One call of `fromCharCode` with an argument for each byte allocates
 * nothing but the flat string; a loop, `apply` and concatenation are all
 * slower. The bytes are read in words, with one look at all of them.
 */
export const asciiReaders: readonly AsciiReader[] = Array.from(
  { length: MAX_GENERATED_BYTES + 1 },
  (_, length) =>
    length === 0 ? () => "" : (view: DataView, at: number) => {
      const reader = canGenerate ? makeAsciiReader(length) : interpretAscii(length);
      (asciiReaders as AsciiReader[])[length] = reader;
      return reader(view, at);
    },
);

/** Makes the reader of so many bytes where the runtime lets nobody make functions out of source text. */
export function interpretAscii(length: number): AsciiReader {
  const codes: number[] = Array.from({ length }, () => 0);
  return (view, at) => {
    for (let i = 0; i < length; i++) {
      const code = codes[i] = view.getUint8(at + i);
      if (code > 127) return undefined;
    }
    return String.fromCharCode(...codes);
  };
}

function makeAsciiReader(length: number): AsciiReader {
  const words: string[] = [], codes: string[] = [];
  for (let at = 0; at < length; at += 4) {
    const word = `w${words.length}`, rest = length - at;
    words.push(`${word} = ${rest >= 4 ? `view.getInt32(at + ${at}, true)` : restSource(at, rest)}`);
    const parts = [`${word} & 127`, `${word} >> 8 & 127`, `${word} >> 16 & 127`, `${word} >> 24`];
    codes.push(...parts.slice(0, rest));
  }
  const all = words.map((_, i) => `w${i}`).join(" | ");
  return generate<AsciiReader>(
    `return (view, at) => {
      const ${words.join(", ")};
      if (((${all}) & 0x80808080) !== 0) return undefined;
      return String.fromCharCode(${codes.join(", ")});
    };`,
    {},
  );
}

/** The last one to three bytes, as the low ones of a word. */
function restSource(at: number, count: number): string {
  const low = count === 1 ? `view.getUint8(at + ${at})` : `view.getUint16(at + ${at}, true)`;
  return count < 3 ? low : `${low} | view.getUint8(at + ${at + 2}) << 16`;
}
