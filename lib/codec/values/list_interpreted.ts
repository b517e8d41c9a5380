/**
 * Lists where the runtime lets nobody make functions out of source text: what
 * `list.ts` generates, as plain loops.
 *
 * @module
 */

import type { CompiledCodec, Read, Write } from "../format/compiled.ts";
import { readArrayHead, writeArrayHead } from "../format/format.ts";
import { countItems } from "../format/limits.ts";
import { LIST_BYTES, PLACE_BYTES, takeMemory } from "../format/memory_cost.ts";
import { inItem, wrongValue } from "../format/problem.ts";

/**
 * Makes a list's `write`.
 *
 * @param item Carries each item.
 * @param maxItems How many there may be.
 * @returns The function.
 */
export function interpretWrite<T>(item: CompiledCodec<T>, maxItems: number): Write<T[]> {
  const write = item.finalWrite();
  return (value, writer, depth): void => {
    if (!Array.isArray(value)) wrongValue(value, "an array");
    const count = value.length;
    countItems(writer, count, maxItems);
    writeArrayHead(count, writer);
    let k = 0;
    try {
      for (; k < count; k++) write(value[k]!, writer, depth + 1);
    } catch (error) {
      throw inItem(error, k);
    }
  };
}

/**
 * Makes a list's `read`.
 *
 * @param item Carries each item.
 * @param maxItems How many there may be.
 * @returns The function.
 */
export function interpretRead<T>(item: CompiledCodec<T>, maxItems: number): Read<T[]> {
  const read = item.finalRead();
  return (reader, depth): T[] => {
    const count = readArrayHead(reader, "an array");
    countItems(reader, count, maxItems);
    if (count === 0) return [];
    takeMemory(reader, LIST_BYTES + count * (PLACE_BYTES + item.fixedBytes));
    const items: T[] = [];
    try {
      // It grows with what was really read, never with what was claimed.
      while (items.length < count) items.push(read(reader, depth + 1));
      return items;
    } catch (error) {
      throw inItem(error, items.length);
    }
  };
}
