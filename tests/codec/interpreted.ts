/**
 * Codecs as they are where the runtime lets nobody make functions out of source text.
 *
 * @module
 */

import { CompiledCodec } from "../../lib/codec/format/compiled.ts";
import * as interpretedList from "../../lib/codec/values/list_interpreted.ts";
import type * as t from "../../lib/codec/mod.ts";
import type { RecordCodec } from "../../lib/codec/records/record.ts";
import * as interpretedRecord from "../../lib/codec/records/record_interpreted.ts";

/** The same record, read and written by loops. */
export function interpretRecord<T>(record: t.Codec<T>): t.Codec<T> {
  const { fields } = record as unknown as RecordCodec<T>;
  return new CompiledCodec<T>({
    describe: () => ({ type: "custom" }),
    write: interpretedRecord.interpretWrite(fields),
    read: interpretedRecord.interpretRead(fields),
  });
}

/** A list of those items, read and written by loops. */
export function interpretList<T>(item: t.Codec<T>, maxItems: number): t.Codec<T[]> {
  const part = item as CompiledCodec<T>;
  return new CompiledCodec<T[]>({
    describe: () => ({ type: "custom" }),
    write: interpretedList.interpretWrite(part, maxItems),
    read: interpretedList.interpretRead(part, maxItems),
  });
}
