/**
 * Generates the function that reads a record.
 *
 * For `{ uid: string(), quorum: optional(uint()) }` it reads, in essence:
 *
 * ```text
 * (reader, depth) => {
 *   let left = readMapHead(reader, "a map"), field = 0, at = reader.position, v0, v1;
 *   try {
 *     // Fields that stand where the contract has them: their keys are compared in place.
 *     if (left > 0 && KEY 0 is at `at`) { at += 4; … the text at `at` into v0 …; left--; }
 *     if (left > 0 && KEY 1 is at `at`) { field = 1; … v1 = r1(reader, depth + 1); … }
 *     reader.position = at;
 *     // Whatever is left: in another order, or unknown.
 *     for (; left > 0; left--) {
 *       switch (field = matchKey(reader, keys, field)) {
 *         case 0: if (v0 !== undefined) repeated(); v0 = r0(reader, depth + 1); break;
 *         …
 *         default: skipValue(reader);
 *       }
 *     }
 *     field = 0; if (v0 === undefined) missing();
 *   } catch (error) { throw inField(error, NAMES[field]); }
 *   if (v1 !== undefined) return { uid: v0, quorum: v1 };
 *   return { uid: v0 };
 * }
 * ```
 *
 * @module
 */

import type { Field } from "./field.ts";
import type { ByteReader } from "../../wire/byte_reader.ts";
import type { Read } from "../format/compiled.ts";
import { headOf, readMapHead } from "../format/format.ts";
import { generate, literal } from "../format/generate.ts";
import { inField, Problem } from "../format/problem.ts";
import { skipValue } from "../format/skip.ts";
import { asciiReaders, readTextHead, standsAt } from "../format/text.ts";
import { hasOwnLoop } from "../format/text_codec.ts";
import { TextFieldReader } from "../format/text_memo.ts";
import { readTextSource } from "../format/text_source.ts";

/** Longer keys are compared in a loop, to keep the generated text short. */
const MAX_UNROLLED_KEY_BYTES = 40;

/**
 * Makes a record's `read`.
 *
 * @param fields The fields, in the order in which they are expected.
 * @returns The function.
 */
export function generateRead<T>(fields: readonly Field[]): Read<T> {
  const bindings: Record<string, unknown> = {
    names: fields.map((field) => field.name),
    keys: fields.map((field) => field.key),
    readMapHead,
    inField,
    matchKey,
    skipValue,
    standsAt,
    repeated,
    missing,
    asciiReaders,
  };
  fields.forEach((field, i) => {
    bindings[`r${i}`] = field.codec.finalRead();
    if (hasOwnLoop(field.codec, i)) bindings[`t${i}`] = new TextFieldReader();
  });
  return generate<Read<T>>(
    `return (function (reader, depth) {
      let left = readMapHead(reader, "a map"), field = -1;
      let ${["at = reader.position", ...fields.map((_, i) => `v${i}`)].join(", ")};
      const { bytes, view, end } = reader;
      try {
        ${fields.map(readExpected).join("\n")}
        reader.position = at;
        for (; left > 0; left--) {
          field = matchKey(reader, keys, field);
          switch (field) {
            ${fields.map((_, i) => readLate(i)).join("\n")}
            default: skipValue(reader);
          }
        }
        ${fields.map(checkThere).join("\n")}
      } catch (error) {
        throw field < 0 ? error : inField(error, names[field]);
      }
      ${build(fields)}
    });`,
    bindings,
  );
}

function readExpected(field: Field, i: number): string {
  const length = field.key.length;
  return `if (left > 0 && at + ${length} <= end && ${compareKey(field.key, i)}) {
      field = ${i};
      at += ${length};
      ${readFieldValue(field, i)}
      left--;
    }`;
}

function readFieldValue({ codec }: Field, i: number): string {
  if (hasOwnLoop(codec, i)) return readTextField(i, codec.maxBytes);
  return `reader.position = at;
    v${i} = r${i}(reader, depth + 1);
    at = reader.position;`;
}

/** A text that has come again is not made again. */
function readTextField(i: number, maxBytes: number): string {
  return `if (t${i}.length > 0 && t${i}.isNext(view, at, end)) {
      v${i} = t${i}.text;
      at += t${i}.length;
    } else {
      const start = at;
      ${readTextSource(`v${i}`, maxBytes, `r${i}`)}
      if (t${i}.rest > 0) t${i}.rest--;
      else t${i}.learn(v${i}, reader, start, at);
    }`;
}

function readLate(i: number): string {
  return `case ${i}:
    if (v${i} !== undefined) repeated();
    v${i} = r${i}(reader, depth + 1);
    break;`;
}

function checkThere(field: Field, i: number): string {
  return field.optional ? "" : `if (v${i} === undefined) { field = ${i}; missing(); }`;
}

function compareKey(key: Uint8Array<ArrayBuffer>, i: number): string {
  const length = key.length;
  if (length > MAX_UNROLLED_KEY_BYTES) return `standsAt(bytes, at, keys[${i}])`;
  const view = new DataView(key.buffer);
  const parts: string[] = [];
  let at = 0;
  for (; at + 4 <= length; at += 4) {
    parts.push(`view.getInt32(at + ${at}, true) === ${view.getInt32(at, true)}`);
  }
  if (at + 2 <= length) {
    parts.push(`view.getInt16(at + ${at}, true) === ${view.getInt16(at, true)}`);
    at += 2;
  }
  if (at < length) parts.push(`bytes[at + ${at}] === ${key[at]}`);
  return parts.join(" && ");
}

/**
 * One literal with all fields, which V8 makes in one step; a second with the
 * required ones alone, to which the optional ones present are added.
 */
function build(fields: readonly Field[]): string {
  const all = fields.map((field, i) => ({ field, i }));
  const optional = all.filter(({ field }) => field.optional);
  const whole = `return ${objectLiteral(all)};`;
  if (optional.length === 0) return whole;
  return `if (${optional.map(({ i }) => `v${i} !== undefined`).join(" && ")}) ${whole}
    const value = ${objectLiteral(all.filter(({ field }) => !field.optional))};
    ${optional.map(({ field, i }) => `if (v${i} !== undefined) ${add(field.name, i)}`).join("\n")}
    return value;`;
}

function objectLiteral(fields: { field: Field; i: number }[]): string {
  return `{ ${fields.map(({ field, i }) => `${ownKey(field.name)}: v${i}`).join(", ")} }`;
}

/** As a plain key of a literal, `__proto__` would set the prototype; computed, it is a key like any other. */
function ownKey(name: string): string {
  return name === "__proto__" ? `["__proto__"]` : literal(name);
}

function add(name: string, i: number): string {
  if (name !== "__proto__") return `value[${literal(name)}] = v${i};`;
  return `Object.defineProperty(value, "__proto__", {
    value: v${i}, writable: true, enumerable: true, configurable: true });`;
}

/**
 * Finds the field whose key is next, and passes the key.
 *
 * @param reader Stands on a key, afterwards on its value.
 * @param keys The fields' keys, heads included.
 * @param last The field that was found before: the search starts behind it.
 * @returns The field, or -1 for a key that is none of them.
 */
export function matchKey(
  reader: ByteReader,
  keys: readonly Uint8Array[],
  last: number,
): number {
  const { bytes, position: at, end } = reader;
  for (let n = 0, i = last; n < keys.length; n++) {
    if (++i >= keys.length) i = 0;
    const key = keys[i]!;
    if (at + key.length <= end && bytes[at] === key[0] && standsAt(bytes, at, key)) {
      reader.position = at + key.length;
      return i;
    }
  }
  return matchOddKey(reader, keys);
}

/** A key that is not a string, or has a longer head than it needs, or is unknown. */
function matchOddKey(reader: ByteReader, keys: readonly Uint8Array[]): number {
  const head = headOf(reader);
  if (head < 0xd9 || head > 0xdb) {
    skipValue(reader);
    return -1;
  }
  const length = readTextHead(reader), at = reader.position;
  reader.position = at + length;
  return keys.findIndex((key) => {
    const skipped = key.length < 34 ? 1 : key.length < 259 ? 2 : 3;
    return key.length - skipped === length && standsAt(reader.bytes, at - skipped, key, skipped);
  });
}

/** Fails because of a field that was there before. */
export function repeated(): never {
  throw new Problem("appears twice");
}

/** Fails because of a field that is not there. */
export function missing(): never {
  throw new Problem("is missing");
}
