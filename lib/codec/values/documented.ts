/**
 * What authors say of their codecs.
 *
 * @module
 */

import { invalidOption, text, withMethods } from "../../foreign/option_checks.ts";
import type { ByteReader } from "../../wire/byte_reader.ts";
import type { ByteWriter } from "../../wire/byte_writer.ts";
import type { Codec } from "../format/codec.ts";
import { CompiledCodec } from "../format/compiled.ts";
import type { DescribePart, Description } from "../description/description.ts";
import { MAX_DOCS } from "../description/read_description.ts";

/**
 * Checks docs that a user has given.
 *
 * @throws {InternodeError} `InvalidArgument` for what is no text, or longer than 4,096 characters.
 */
export function checkDocs(docs: string): string {
  if (text("docs", docs).length <= MAX_DOCS) return docs;
  throw invalidOption("docs", `must have at most ${MAX_DOCS} characters, but has ${docs.length}`);
}

/**
 * A codec with what is to be said of its values, for {@linkcode describe} and
 * what is made of it: JSON Schemas, pages, help on a command line. It changes
 * nothing of the bytes, and costs nothing when values are encoded and decoded.
 *
 * @typeParam C The codec, such as an optional one.
 * @param codec The codec; it stays as it is.
 * @param docs What is to be said: at most 4,096 characters, such as `"Bytes, at most 1 MiB."`
 * @returns The same codec with these docs.
 * @throws {InternodeError} `InvalidArgument` for what is no codec, or docs that are no text or too long.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as t from "@internode/grid/codec";
 *
 * const Range = t.record({
 *   offset: t.documented(t.uint(), "Of the first byte."),
 *   length: t.documented(t.optional(t.uint()), "Up to the end, if it is left out."),
 * });
 * const range: t.Infer<typeof Range> = { offset: 10 };
 * assertEquals(t.fromBytes(Range, t.toBytes(Range, range)), range);
 * ```
 */
// deno-lint-ignore no-explicit-any -- codecs of any type are meant
export function documented<C extends Codec<any>>(codec: C, docs: string): C {
  withMethods("codec", codec, "encode", "decode");
  checkDocs(docs);
  if (codec instanceof CompiledCodec) return codec.documented(docs) as Codec<unknown> as C;
  return new DocumentedCodec(codec, docs) as Codec<unknown> as C;
}

/** A codec that is not of this library's, with docs. */
class DocumentedCodec implements Codec<unknown> {
  readonly optional: boolean;
  readonly nullable: boolean;
  readonly raw: boolean;
  readonly #codec: Codec<unknown>;
  readonly #docs: string;

  constructor(codec: Codec<unknown>, docs: string) {
    this.optional = codec.optional ?? false;
    this.nullable = codec.nullable ?? false;
    this.raw = codec.raw ?? false;
    this.#codec = codec;
    this.#docs = docs;
  }

  encode(value: unknown, writer: ByteWriter): void {
    this.#codec.encode(value, writer);
  }

  decode(reader: ByteReader): unknown {
    return this.#codec.decode(reader);
  }

  describe(part: DescribePart): Description {
    return { ...part(this.#codec), docs: this.#docs };
  }
}
