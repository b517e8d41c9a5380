/**
 * The codec of strings, which containers look into.
 *
 * @module
 */

import type { Description } from "../description/description.ts";
import { CompiledCodec } from "./compiled.ts";
import { tooLong } from "./limits.ts";
import { TEXT_BYTES } from "./memory_cost.ts";
import { decodeText, readText, readTextHead, writeText } from "./text.ts";

/** So many fields of a record have loops and memories of their own for text; the machine code of more does not fit where the processor keeps it at hand. */
const MAX_OWN_LOOPS = 16;

/** Strings of a limited length. */
export class TextCodec extends CompiledCodec<string> {
  /** The most bytes of UTF-8 that one may have; `Infinity`: no limit. */
  readonly maxBytes: number;

  /**
   * @param maxBytes The most bytes of UTF-8 that one may have; `Infinity`: no limit.
   * @param docs What its author says of it.
   */
  constructor(maxBytes: number, docs?: string) {
    const shared = {
      fixedBytes: TEXT_BYTES,
      describe: () => lengthDescription("string", maxBytes),
      docs,
    };
    super(
      maxBytes === Infinity ? { ...shared, write: writeText, read: readText } : {
        ...shared,
        write(value, writer): void {
          const start = writer.position;
          writeText(value, writer);
          checkWritten(writer.position - start, maxBytes);
        },
        read(reader): string {
          const length = readTextHead(reader), at = reader.position;
          if (length > maxBytes) tooLong(length, maxBytes);
          reader.position = at + length;
          return decodeText(reader, at, length);
        },
      },
    );
    this.maxBytes = maxBytes;
  }

  /** Gives the same codec with docs. */
  override documented(docs: string): TextCodec {
    return new TextCodec(this.maxBytes, docs);
  }
}

/**
 * Describes a text or bytes.
 *
 * @param maxBytes The most bytes; `Infinity`: no limit.
 */
export function lengthDescription(type: "string" | "bytes", maxBytes: number): Description {
  return maxBytes === Infinity ? { type } : { type, maxBytes };
}

/**
 * Fails if a string that was written is too long.
 *
 * @param bytes How many bytes it has, head included.
 * @param maxBytes How many it may have, without.
 */
export function checkWritten(bytes: number, maxBytes: number): void {
  const length = bytes - (bytes < 34 ? 1 : bytes < 259 ? 2 : bytes < 65_541 ? 3 : 5);
  if (length > maxBytes) tooLong(length, maxBytes);
}

/**
 * Whether a field of a record is written and read by loops of its own.
 *
 * @param codec The field's.
 * @param index The field's place in the record.
 */
export function hasOwnLoop(codec: unknown, index: number): codec is TextCodec {
  return codec instanceof TextCodec && index < MAX_OWN_LOOPS;
}
