/**
 * What the codecs' tests share.
 *
 * @module
 */

import { assert, assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import * as t from "../../lib/codec/mod.ts";
import { Problem } from "../../lib/codec/format/problem.ts";
import { InternodeError } from "../../lib/errors.ts";

/** Bytes from hex, blanks allowed. */
export function hex(text: string): Uint8Array<ArrayBuffer> {
  const digits = text.replaceAll(/\s/g, "");
  return Uint8Array.from(
    { length: digits.length / 2 },
    (_, i) => parseInt(digits.slice(i * 2, i * 2 + 2), 16),
  );
}

/** Hex from bytes. */
export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Checks that something fails as a payload should, with certain words in the message. */
export function assertUnfit(run: () => unknown, words: string): InternodeError {
  const error = assertThrows(run, InternodeError, words);
  assertEquals(error.code, "InvalidPayload");
  return error;
}

/** Checks that something fails within a message, with certain words and as yet without a place. */
export function assertProblem(run: () => unknown, words: string): void {
  let problem: unknown = null;
  try {
    run();
  } catch (error) {
    problem = error;
  }
  assert(problem instanceof Problem, `${problem} instead of: ${words}`);
  assert(problem.what.includes(words), `${problem.what} instead of: ${words}`);
}

/** Checks that a codec or its option is refused when it is made. */
export function assertRefused(run: () => unknown, words: string): void {
  assertEquals(assertThrows(run, InternodeError, words).code, "InvalidArgument");
}

/** Checks that a value has certain bytes, both ways. */
export function assertBytes<T>(codec: t.Codec<T>, value: T, wanted: string): void {
  assertEquals(toHex(t.toBytes(codec, value)), wanted.replaceAll(/\s/g, ""));
  assertEquals(t.fromBytes(codec, hex(wanted)), value);
}

/** Checks a round trip, alone and in the middle of other bytes. */
export function assertRoundTrip<T>(codec: t.Codec<T>, value: T): void {
  const writer = new t.ByteWriter(1);
  writer.append(hex("c1c1c1"));
  codec.encode(value, writer);
  const end = writer.position;
  writer.append(hex("c1c1"));
  const reader = new t.ByteReader();
  reader.reset(writer.bytes, 3, end);
  assertEquals(codec.decode(reader), value);
  assertEquals(reader.position, end);
}

/** Checks that bytes are decoded or refused, and nothing else happens. */
export function assertDecodesOrRefuses(codec: t.Codec<unknown>, bytes: Uint8Array): boolean {
  try {
    t.fromBytes(codec, bytes);
    return true;
  } catch (error) {
    assertInstanceOf(error, InternodeError, `${toHex(bytes)}: ${error}`);
    assert(error.code === "InvalidPayload" && error.origin === "remote", toHex(bytes));
    return false;
  }
}

/** What type bytes stand for. */
export const TYPES: readonly [first: number, last: number, name: string][] = [
  [0x00, 0x7f, "an integer"],
  [0x80, 0x8f, "a map"],
  [0x90, 0x9f, "an array"],
  [0xa0, 0xbf, "a string"],
  [0xc0, 0xc0, "nil"],
  [0xc1, 0xc1, "the byte c1, which MessagePack never uses"],
  [0xc2, 0xc3, "a boolean"],
  [0xc4, 0xc6, "bytes"],
  [0xc7, 0xc9, "an extension"],
  [0xca, 0xcb, "a float"],
  [0xcc, 0xd3, "an integer"],
  [0xd4, 0xd8, "an extension"],
  [0xd9, 0xdb, "a string"],
  [0xdc, 0xdd, "an array"],
  [0xde, 0xdf, "a map"],
  [0xe0, 0xff, "an integer"],
];
