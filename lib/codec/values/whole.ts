/**
 * Whole payloads: a value and nothing behind it.
 *
 * @module
 */

import { InternodeError } from "../../errors.ts";
import { ByteReader } from "../../wire/byte_reader.ts";
import { ByteWriter } from "../../wire/byte_writer.ts";
import type { Codec } from "../format/codec.ts";
import { invalidOption, withMethods } from "../../foreign/option_checks.ts";
import { counted, shown } from "../../foreign/text_of.ts";

/**
 * Checks that a payload ends where its value does.
 *
 * @param reader Stands behind the value.
 * @throws {InternodeError} `InvalidPayload` if bytes are left.
 */
export function expectEnd(reader: ByteReader): void {
  if (reader.position >= reader.end) return;
  throw new InternodeError(
    "InvalidPayload",
    `Cannot decode: ${counted(reader.remaining, "byte")} ${
      reader.remaining === 1 ? "follows" : "follow"
    } the value.`,
    { origin: "remote" },
  );
}

/**
 * A value's bytes, for files, caches and tests: what a call would send as
 * its payload.
 *
 * @param codec Carries the value.
 * @param value The value.
 * @returns Its bytes, the caller's own.
 * @throws {InternodeError} `InvalidPayload`, naming the path of what does not fit.
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import * as t from "@internode/grid/codec";
 *
 * const bytes = t.toBytes(t.list(t.uint()), [1, 2, 3]);
 * assert(bytes.length === 4);
 * ```
 */
export function toBytes<T>(codec: Codec<T>, value: NoInfer<T>): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter();
  withMethods("codec", codec, "encode").encode(value, writer);
  return writer.bytes.slice(0, writer.position);
}

/**
 * The value that bytes stand for.
 *
 * @param codec Carries the value.
 * @param bytes What `toBytes` gave, or any MessagePack of the same shape.
 * @returns The value; it holds nothing of `bytes`.
 * @throws {InternodeError} `InvalidPayload`, naming the path of what does not fit, also if bytes are left over.
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import * as t from "@internode/grid/codec";
 *
 * assert(t.fromBytes(t.string(), new Uint8Array([0xa1, 0x61])) === "a");
 * ```
 */
export function fromBytes<T>(codec: Codec<T>, bytes: Uint8Array): T {
  if (!(bytes instanceof Uint8Array)) {
    throw invalidOption("bytes", `must be a Uint8Array, not ${shown(bytes)}`);
  }
  const reader = new ByteReader();
  reader.reset(bytes, 0, bytes.length);
  const value = withMethods("codec", codec, "decode").decode(reader);
  expectEnd(reader);
  return value;
}
