/**
 * Records where the runtime lets nobody make functions out of source text:
 * what `record_write.ts` and `record_read.ts` generate, as loops over the fields.
 * It does the same, step by step, and takes two to four times as long.
 *
 * @module
 */

import type { Field } from "./field.ts";
import type { Read, Write } from "../format/compiled.ts";
import { readMapHead, writeMapHead } from "../format/format.ts";
import { inField, wrongValue } from "../format/problem.ts";
import { matchKey, missing, repeated } from "./record_read.ts";
import { skipValue } from "../format/skip.ts";
import { standsAt } from "../format/text.ts";

/**
 * Makes a record's `write`.
 *
 * @param fields The fields, in the order in which they are written.
 * @returns The function.
 */
export function interpretWrite<T>(fields: readonly Field[]): Write<T> {
  const parts = fields.map(({ name, key, codec, optional }) => ({
    name,
    key,
    optional,
    // Names that every object inherits count only where the object has them itself.
    inherited: name in Object.prototype,
    write: codec.finalWrite(),
  }));
  return (value, writer, depth): void => {
    if (typeof value !== "object" || value === null) wrongValue(value, "an object");
    const object = value as Record<string, unknown>;
    const values = parts.map(({ name, inherited }) =>
      inherited && !Object.hasOwn(object, name) ? undefined : object[name]
    );
    let field = 0;
    try {
      const absent = parts.filter(({ optional }, i) => optional && values[i] === undefined);
      writeMapHead(parts.length - absent.length, writer);
      for (; field < parts.length; field++) {
        const { key, optional, write } = parts[field]!;
        if (optional && values[field] === undefined) continue;
        writer.append(key);
        write(values[field], writer, depth + 1);
      }
    } catch (error) {
      throw inField(error, parts[field]?.name ?? "");
    }
  };
}

/**
 * Makes a record's `read`.
 *
 * @param fields The fields, in the order in which they are expected.
 * @returns The function.
 */
export function interpretRead<T>(fields: readonly Field[]): Read<T> {
  const keys = fields.map(({ key }) => key);
  const reads = fields.map(({ codec }) => codec.finalRead());
  return (reader, depth): T => {
    let left = readMapHead(reader, "a map"), field = -1;
    const values: unknown[] = fields.map(() => undefined);
    try {
      // Those that stand where the contract has them, then whatever is left: in another order, or unknown.
      for (let i = 0; i < fields.length; i++) {
        const key = keys[i]!, { position } = reader;
        if (left === 0 || position + key.length > reader.end) continue;
        if (!standsAt(reader.bytes, position, key)) continue;
        field = i;
        reader.position = position + key.length;
        values[i] = reads[i]!(reader, depth + 1);
        left--;
      }
      for (; left > 0; left--) {
        field = matchKey(reader, keys, field);
        if (field < 0) skipValue(reader);
        else {
          if (values[field] !== undefined) repeated();
          values[field] = reads[field]!(reader, depth + 1);
        }
      }
      for (const [i, { optional }] of fields.entries()) {
        if (optional || values[i] !== undefined) continue;
        field = i;
        missing();
      }
    } catch (error) {
      throw field < 0 ? error : inField(error, fields[field]!.name);
    }
    return build(fields, values) as T;
  };
}

/** An object whose keys are in the contract's order, those that may be absent last if one is. */
function build(fields: readonly Field[], values: readonly unknown[]): object {
  const isWhole = values.every((value) => value !== undefined);
  const object = {};
  const set = ({ name }: Field, i: number): void => {
    if (name === "__proto__") {
      Object.defineProperty(object, name, {
        value: values[i],
        writable: true,
        enumerable: true,
        configurable: true,
      });
    } else (object as Record<string, unknown>)[name] = values[i];
  };
  for (const [i, field] of fields.entries()) if (isWhole || !field.optional) set(field, i);
  if (isWhole) return object;
  for (const [i, field] of fields.entries()) {
    if (field.optional && values[i] !== undefined) set(field, i);
  }
  return object;
}
