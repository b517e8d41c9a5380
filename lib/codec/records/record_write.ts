/**
 * Generates the function that writes a record.
 *
 * For `{ uid: string(), quorum: optional(uint()) }` it reads, in essence:
 *
 * ```text
 * (value, writer, depth) => {
 *   if (typeof value !== "object" || value === null) wrongValue(value, "an object");
 *   const v0 = value.uid, v1 = value.quorum;
 *   let field = 0;
 *   try {
 *     writeMapHead(1 + (v1 !== undefined ? 1 : 0), writer);
 *     let bytes = writer.bytes, view = writer.view, at = writer.position;
 *     if (v0 === t0.text) at = t0.copy(view, at); // The same text as last time, with its key.
 *     else { view.setInt32(at, KEY 0), at += 4; … the text's loop … }
 *     if (v1 !== undefined) {
 *       field = 1;
 *       … KEY 1 …
 *       writer.position = at, w1(v1, writer, depth + 1), at = writer.position;
 *     }
 *     writer.position = at;
 *   } catch (error) { throw inField(error, NAMES[field]); }
 * }
 * ```
 *
 * @module
 */

import type { Field } from "./field.ts";
import type { Write } from "../format/compiled.ts";
import { writeMapHead } from "../format/format.ts";
import { generate, literal } from "../format/generate.ts";
import { inField, wrongValue } from "../format/problem.ts";
import { writeEncoded } from "../format/text.ts";
import { checkWritten, hasOwnLoop } from "../format/text_codec.ts";
import { COPY_ROOM_BYTES, TextFieldWriter } from "../format/text_memo.ts";
import {
  claimSource,
  LOAD_WRITER,
  TEXT_ROOM_BYTES,
  writeTextSource,
} from "../format/text_source.ts";

/** Longer keys are copied from an array, to keep the generated text short. */
const MAX_UNROLLED_KEY_BYTES = 40;

/**
 * Makes a record's `write`.
 *
 * @param fields The fields, in the order in which they are written.
 * @returns The function.
 */
export function generateWrite<T>(fields: readonly Field[]): Write<T> {
  const names = fields.map((field) => field.name);
  const bindings: Record<string, unknown> = {
    names,
    inField,
    wrongValue,
    writeEncoded,
    checkWritten,
    writeMapHead,
  };
  fields.forEach((field, i) => {
    if (hasOwnLoop(field.codec, i)) bindings[`t${i}`] = new TextFieldWriter(field.key);
    else bindings[`w${i}`] = field.codec.finalWrite();
    bindings[`k${i}`] = field.key;
  });
  const required = fields.filter((field) => !field.optional).length;
  const count = fields.map((field, i) => field.optional ? ` + (v${i} !== undefined ? 1 : 0)` : "");
  return generate<Write<T>>(
    `return (function (value, writer, depth) {
      if (typeof value !== "object" || value === null) wrongValue(value, "an object");
      ${fields.map((field, i) => `const v${i} = ${getter(field.name)};`).join("\n")}
      let field = 0;
      try {
        writeMapHead(${required}${count.join("")}, writer);
        let ${LOAD_WRITER}
        ${fields.map(writeField).join("\n")}
        writer.position = at;
      } catch (error) {
        throw inField(error, names[field]);
      }
    });`,
    bindings,
  );
}

/** Names that every object inherits count only where the object has them itself. */
function getter(name: string): string {
  const key = literal(name);
  return name in Object.prototype
    ? `(Object.hasOwn(value, ${key}) ? value[${key}] : undefined)`
    : `value[${key}]`;
}

function writeField(field: Field, i: number): string {
  const write = `field = ${i}; ${writeFieldValue(field, i)}`;
  return field.optional ? `if (v${i} !== undefined) { ${write} }` : write;
}

function writeFieldValue(field: Field, i: number): string {
  if (hasOwnLoop(field.codec, i)) return writeTextField(field, i, field.codec.maxBytes);
  return `${claimSource(field.key.length)}
    ${writeKey(field.key, i)}
    writer.position = at;
    w${i}(v${i}, writer, depth + 1);
    ${LOAD_WRITER}`;
}

/** A text that has come again is copied together with its key. */
function writeTextField(field: Field, i: number, maxBytes: number): string {
  return `${claimSource(field.key.length + Math.max(TEXT_ROOM_BYTES, COPY_ROOM_BYTES))}
    if (v${i} === t${i}.text) at = t${i}.copy(view, at);
    else {
      if (typeof v${i} !== "string") wrongValue(v${i}, "a string");
      const start = at;
      ${writeKey(field.key, i)}
      ${writeTextSource(`v${i}`, maxBytes)}
      if (t${i}.rest > 0) t${i}.rest--;
      else {
        writer.position = at;
        t${i}.learn(v${i}, writer, start);
      }
    }`;
}

/** Writes the key, in words, into room that is there. */
function writeKey(key: Uint8Array<ArrayBuffer>, i: number): string {
  const length = key.length;
  if (length > MAX_UNROLLED_KEY_BYTES) return `bytes.set(k${i}, at); at += ${length};`;
  const view = new DataView(key.buffer);
  const stores: string[] = [];
  let at = 0;
  for (; at + 4 <= length; at += 4) {
    stores.push(`view.setInt32(at + ${at}, ${view.getInt32(at, true)}, true);`);
  }
  if (at + 2 <= length) {
    stores.push(`view.setInt16(at + ${at}, ${view.getInt16(at, true)}, true);`);
    at += 2;
  }
  if (at < length) stores.push(`bytes[at + ${at}] = ${key[at]};`);
  return `${stores.join("\n")} at += ${length};`;
}
