/**
 * Constants, and strings out of a few.
 *
 * @module
 */

import { invalidArgument } from "../../errors.ts";
import type { ByteReader } from "../../wire/byte_reader.ts";
import type { Description } from "../description/description.ts";
import type { Codec } from "../format/codec.ts";
import { asPart, CompiledCodec } from "../format/compiled.ts";
import { int } from "../format/integer.ts";
import { describeValue, quote, quoteSome, wrongValue } from "../format/problem.ts";
import { boolean, float } from "./scalars.ts";
import { encodedText, readText, standsAt } from "../format/text.ts";
import { invalidOption, text } from "../../foreign/option_checks.ts";
import { shown } from "../../foreign/text_of.ts";

/**
 * One certain string, number or boolean, as its own type.
 *
 * @param value The constant.
 * @returns The codec.
 * @throws {InternodeError} `InvalidArgument` for a number that is not finite, or a string over 65,535 bytes or with a lone surrogate.
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import * as t from "@internode/grid/codec";
 *
 * const Header = t.record({ format: t.literal("grid"), version: t.literal(1) });
 * const header: t.Infer<typeof Header> = { format: "grid", version: 1 };
 * assert(t.fromBytes(Header, t.toBytes(Header, header)).version === 1);
 * ```
 */
export function literal<const T extends string | number | boolean>(value: T): Codec<T> {
  if (typeof value === "string") return constants([value], { type: "literal", value }) as Codec<T>;
  const { write, read } = asPart(carrier(value), "literal()");
  return new CompiledCodec<T>({
    describe: () => ({ type: "literal", value }),
    write(given, writer, depth): void {
      if (given !== value) wrongValue(given, describeValue(value));
      write(given, writer, depth);
    },
    read(reader, depth): T {
      const given = read(reader, depth);
      if (given !== value) wrongValue(given, describeValue(value));
      return value;
    },
  });
}

function carrier(value: number | boolean): Codec<unknown> {
  if (typeof value === "boolean") return boolean() as Codec<unknown>;
  if (!Number.isFinite(value)) {
    throw invalidArgument(`literal(${shown(value)}) is not a finite number.`);
  }
  return (Number.isSafeInteger(value) ? int() : float()) as Codec<unknown>;
}

/**
 * Strings out of a few that the contract names, as the union of their types.
 * Reading one makes no new string.
 *
 * @param values All that there are, at least one.
 * @returns The codec. A value added later is an error to peers that do not know it.
 * @throws {InternodeError} `InvalidArgument` if there are none, or one is over 65,535 bytes or has a lone surrogate.
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import * as t from "@internode/grid/codec";
 *
 * const Mode = t.enumeration(["read", "write"]);
 * const mode: t.Infer<typeof Mode> = "write";
 * assert(t.fromBytes(Mode, t.toBytes(Mode, mode)) === "write");
 * ```
 */
export function enumeration<const T extends string>(values: readonly T[]): Codec<T> {
  if (!Array.isArray(values)) {
    throw invalidOption("values", `must be a list of strings, not ${shown(values)}`);
  }
  if (values.length === 0) throw invalidArgument("An enumeration needs at least one value.");
  const distinct = [...new Set(values)];
  return constants(distinct, { type: "enumeration", values: distinct });
}

/** The codec of some texts. */
function constants<T extends string>(texts: readonly T[], description: Description): Codec<T> {
  const encodings = texts.map(encoded);
  const byText = new Map<string, Uint8Array>(texts.map((text, i) => [text, encodings[i]!]));
  const wanted = texts.length === 1
    ? `the string ${quote(texts[0]!)}`
    : `one of ${quoteSome(texts)}`;
  return new CompiledCodec<T>({
    describe: () => description,
    write(value, writer): void {
      const constant = byText.get(value);
      if (constant === undefined) wrongValue(value, wanted);
      writer.ensure(constant.length);
      const { bytes, position: at } = writer;
      for (let i = 0; i < constant.length; i++) bytes[at + i] = constant[i]!;
      writer.position = at + constant.length;
    },
    read(reader): T {
      const found = findText(reader, encodings);
      if (found >= 0) return texts[found]!;
      const value = readText(reader);
      if (!byText.has(value)) wrongValue(value, wanted);
      return value as T;
    },
  });
}

function encoded(value: string): Uint8Array {
  const constant = encodedText(text("values", value));
  if (constant !== undefined) return constant;
  throw invalidArgument(`The string ${quote(value)} is over 65,535 bytes or has a lone surrogate.`);
}

/**
 * Finds which of some texts is next, and passes it.
 *
 * @param reader Stands on the text, afterwards behind it if it was found.
 * @param encodings The texts as {@linkcode encodedText} makes them.
 * @returns The index, or -1 for none of them (or one with a longer head than it needs).
 */
function findText(reader: ByteReader, encodings: readonly Uint8Array[]): number {
  const { bytes, position: at, end } = reader;
  for (let i = 0; i < encodings.length; i++) {
    const text = encodings[i]!;
    if (at + text.length <= end && bytes[at] === text[0] && standsAt(bytes, at, text)) {
      reader.position = at + text.length;
      return i;
    }
  }
  return -1;
}
