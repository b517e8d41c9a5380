/**
 * Names of handlers on the wire: u16 length of the name, the name, the
 * subroute.
 *
 * @module
 */

import type { ByteReader } from "../../wire/byte_reader.ts";
import { protocolError } from "./wire_error.ts";

/** The longest name of a handler or subroute, in UTF-8 bytes. */
export const MAX_NAME_BYTES = 255;
/** How many names one side may use on one connection. */
export const MAX_NAMES = 65_535;
/** How many bytes all of them may cost; see {@linkcode nameCost}. */
export const MAX_NAMES_BYTES: number = 12 * 1024 * 1024;
/** How many bytes each name counts besides its own, because short names take memory too. */
const NAME_OVERHEAD_BYTES = 128;

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** The cost of a name whose frame has a payload of that size. */
export function nameCost(payloadBytes: number): number {
  return payloadBytes + NAME_OVERHEAD_BYTES;
}

/** What is wrong with a name; `null` if nothing is. */
export function nameProblem(text: string, minBytes: number): string | null {
  if (typeof text !== "string") return "is not a string";
  // Text that is not well-formed Unicode would be changed by UTF-8, and never be found.
  if (!text.isWellFormed()) return "has half a character (a lone surrogate)";
  if (text.length >= minBytes && text.length * 3 <= MAX_NAME_BYTES) return null;
  const { length } = encoder.encode(text);
  return length >= minBytes && length <= MAX_NAME_BYTES ? null : `has ${length}`;
}

/** A string that is different for each pair of name and subroute. */
export function nameKey(name: string, subroute: string): string {
  return `${name.length} ${name}${subroute}`;
}

/** The subroute in a {@linkcode nameKey}; `""` if there is none. */
export function subrouteIn(key: string): string {
  return key.slice(key.indexOf(" ") + 1 + Number.parseInt(key, 10));
}

/** The payload of a name frame. */
export function encodeName(name: string, subroute: string): Uint8Array {
  const first = encoder.encode(name), second = encoder.encode(subroute);
  const payload = new Uint8Array(2 + first.length + second.length);
  new DataView(payload.buffer).setUint16(0, first.length, true);
  payload.set(first, 2);
  payload.set(second, 2 + first.length);
  return payload;
}

/** Reads the payload of a name frame. */
export function decodeName(
  reader: ByteReader,
): { readonly name: string; readonly subroute: string } {
  const { view, position, end, bytes } = reader;
  const length = reader.remaining < 2 ? Infinity : view.getUint16(position, true);
  const split = position + 2 + length;
  if (split > end || length > MAX_NAME_BYTES || end - split > MAX_NAME_BYTES) {
    throw protocolError("The peer sent a handler name that is cut short or too long.");
  }
  return {
    name: decoder.decode(bytes.subarray(position + 2, split)),
    subroute: decoder.decode(bytes.subarray(split, end)),
  };
}
