/**
 * The metadata of a call, on the wire: u16 length of all that follows, then for
 * each entry u16 length and bytes of the key, u16 length and bytes of the
 * value.
 *
 * @module
 */

import { type IndexKeys, setProperty } from "../../codec/values/plain_object.ts";
import { invalidArgument } from "../../errors.ts";
import { quoted } from "../../foreign/plain_text.ts";
import type { ByteReader } from "../../wire/byte_reader.ts";
import { ByteWriter } from "../../wire/byte_writer.ts";
import { protocolError } from "./wire_error.ts";

/** The largest block of metadata, in bytes. */
export const MAX_METADATA_BYTES = 4096;

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** The metadata of a call: strings by name. */
export type Metadata = Readonly<Record<string, string>>;

/** No metadata. */
export const NO_METADATA: Metadata = Object.freeze(Object.create(null));

/**
 * The block, with its length before it.
 *
 * @throws {InternodeError} `InvalidArgument` if it is over {@linkcode MAX_METADATA_BYTES} or contains anything but well-formed strings.
 */
export function encodeMetadata(metadata: Metadata): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter(128);
  writer.position = 2;
  for (const [key, value] of Object.entries(metadata)) {
    writeText(writer, key);
    writeText(writer, value);
  }
  const length = writer.position - 2;
  if (length > MAX_METADATA_BYTES) {
    throw invalidArgument(
      `The metadata has ${length} bytes; at most ${MAX_METADATA_BYTES} are allowed.`,
    );
  }
  writer.view.setUint16(0, length, true);
  return writer.bytes.slice(0, writer.position);
}

/** Reads a block and leaves the reader after it. */
export function decodeMetadata(reader: ByteReader): Metadata {
  const end = readEnd(reader);
  const metadata: Record<string, string> = Object.create(null);
  let has: IndexKeys = "none";
  while (reader.position < end) {
    has = setProperty(metadata, readText(reader, end), readText(reader, end), has);
  }
  return metadata;
}

/**
 * Checks a block, and copies it so that {@linkcode decodeMetadata} can read it
 * later, or never. Leaves the reader after it.
 *
 * @returns The block; `null` if it has no entries.
 */
export function takeMetadata(reader: ByteReader): Uint8Array<ArrayBuffer> | null {
  const start = reader.position, end = readEnd(reader);
  if (reader.position === end) return null;
  while (reader.position < end) {
    skipText(reader, end);
    skipText(reader, end);
  }
  return reader.bytes.slice(start, end);
}

function readEnd(reader: ByteReader): number {
  const length = readLength(reader, reader.end), end = reader.position + length;
  if (length <= MAX_METADATA_BYTES && end <= reader.end) return end;
  throw protocolError("The peer sent metadata that is cut short or too long.");
}

function writeText(writer: ByteWriter, text: unknown): void {
  if (typeof text !== "string") {
    throw invalidArgument(`Keys and values of metadata must be strings, not ${typeof text}.`);
  }
  if (!text.isWellFormed()) {
    throw invalidArgument(
      `The metadata has a string with half a character (a lone surrogate): ${quoted(text, 40)}.`,
    );
  }
  const bytes = encoder.encode(text);
  if (bytes.length > MAX_METADATA_BYTES) {
    throw invalidArgument(
      `The metadata has a string of ${bytes.length} bytes; all together may have ${MAX_METADATA_BYTES}.`,
    );
  }
  writer.ensure(2);
  writer.view.setUint16(writer.position, bytes.length, true);
  writer.position += 2;
  writer.append(bytes);
}

function readText(reader: ByteReader, end: number): string {
  const start = skipText(reader, end);
  return decoder.decode(reader.bytes.subarray(start, reader.position));
}

/** Returns where the text begins, and leaves the reader after it. */
function skipText(reader: ByteReader, end: number): number {
  const length = readLength(reader, end), start = reader.position;
  if (start + length > end) {
    throw protocolError("The peer sent metadata with a string that is cut short.");
  }
  reader.position = start + length;
  return start;
}

function readLength(reader: ByteReader, end: number): number {
  if (reader.position + 2 > end) throw protocolError("The peer sent metadata that is cut short.");
  const length = reader.view.getUint16(reader.position, true);
  reader.position += 2;
  return length;
}
