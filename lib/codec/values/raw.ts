/**
 * Bytes that travel as they are.
 *
 * @module
 */

import type { ByteReader } from "../../wire/byte_reader.ts";
import type { ByteWriter } from "../../wire/byte_writer.ts";
import type { Codec } from "../format/codec.ts";

const RAW: Codec<Uint8Array> = {
  raw: true,
  describe: () => ({ type: "raw" }),
  encode(value: Uint8Array, writer: ByteWriter): void {
    writer.append(value);
  },
  decode(reader: ByteReader): Uint8Array {
    return reader.takeBytes(reader.remaining);
  },
};

/**
 * The codec of contracts that name none: the whole payload is the bytes, with
 * nothing around them.
 *
 * @returns The codec; it cannot be part of a record or list, `bytes()` can.
 *
 * @example
 * ```ts
 * import { single } from "@internode/grid";
 * import * as t from "@internode/grid/codec";
 *
 * export const digest = single("digest", { request: t.raw(), response: t.raw() });
 * ```
 */
export function raw(): Codec<Uint8Array> {
  return RAW;
}
