/**
 * Records: objects whose fields the contract names.
 *
 * @module
 */

import type { Codec, Infer } from "../format/codec.ts";
import { asPart, CompiledCodec, Later } from "../format/compiled.ts";
import { canGenerate } from "../format/generate.ts";
import { FIELD_BYTES, OBJECT_BYTES } from "../format/memory_cost.ts";
import { describeFields, type Field, makeField } from "./field.ts";
import type { OptionalCodec } from "../values/presence.ts";
import { quote } from "../format/problem.ts";
import { interpretRead, interpretWrite } from "./record_interpreted.ts";
import { generateRead } from "./record_read.ts";
import { generateWrite } from "./record_write.ts";
import { optionsOf } from "../../foreign/option_checks.ts";

/** The fields of a {@linkcode record}, by name. */
// deno-lint-ignore no-explicit-any -- fields of any type are meant
export type RecordFields = { readonly [name: string]: Codec<any> };

/**
 * The objects that a {@linkcode record} carries: a key for each field, left
 * out where the field is optional.
 *
 * @typeParam Fields The record's fields.
 */
export type RecordOf<Fields extends RecordFields> = (
  & {
    -readonly [
      // deno-lint-ignore no-explicit-any -- optional fields of any type are meant
      K in keyof Fields as Fields[K] extends OptionalCodec<any> ? never : K
    ]: Infer<
      Fields[K]
    >;
  }
  & {
    -readonly [
      // deno-lint-ignore no-explicit-any -- optional fields of any type are meant
      K in keyof Fields as Fields[K] extends OptionalCodec<any> ? K : never
    ]?: Fields[K] extends OptionalCodec<infer T> ? T : never;
  }
) extends infer T ? { [K in keyof T]: T[K] } : never;

/** A record's codec; unions build theirs from its fields. */
export class RecordCodec<T> extends CompiledCodec<T> {
  /** The fields, in the contract's order. */
  readonly fields: readonly Field[];

  /**
   * @param fields The fields, in the contract's order.
   * @param docs What its author says of it.
   */
  constructor(fields: readonly Field[], docs?: string) {
    super({
      describe: (part) => ({ type: "record", fields: describeFields(fields, part) }),
      docs,
      write: new Later(() => canGenerate ? generateWrite<T>(fields) : interpretWrite<T>(fields)),
      read: new Later(() => canGenerate ? generateRead<T>(fields) : interpretRead<T>(fields)),
      fixedBytes: fields.reduce(
        (sum, { codec }) => sum + FIELD_BYTES + codec.fixedBytes,
        OBJECT_BYTES,
      ),
    });
    this.fields = fields;
  }

  /** Gives the same codec with docs. */
  override documented(docs: string): RecordCodec<T> {
    return new RecordCodec<T>(this.fields, docs);
  }
}

/**
 * Objects with named fields: a MessagePack map with string keys, in the
 * contract's order. The reader takes the fields in any order, skips those it
 * does not know and fails on those that are missing, unless they are
 * {@linkcode optional}. A field named twice is an error.
 *
 * @param fields The codec of each field.
 * @returns The codec.
 * @throws {InternodeError} `InvalidArgument` for a field that cannot be part of a record.
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import * as t from "@internode/grid/codec";
 *
 * export const LockArgs = t.record({
 *   uid: t.string(),
 *   resources: t.list(t.string()),
 *   quorum: t.optional(t.uint()),
 * });
 * export type LockArgs = t.Infer<typeof LockArgs>;
 *
 * const args: LockArgs = { uid: "a1", resources: ["bucket/key"] };
 * assert(t.fromBytes(LockArgs, t.toBytes(LockArgs, args)).uid === "a1");
 * ```
 */
export function record<Fields extends RecordFields>(fields: Fields): Codec<RecordOf<Fields>> {
  return new RecordCodec<RecordOf<Fields>>(
    Object.entries(optionsOf("a record (its fields)", fields)).map(([name, codec]) => {
      const part = asPart<unknown>(codec, `field ${quote(name)} of a record`, true);
      return makeField(name, part.inner ?? part, part.optional, part.inner && part.docs);
    }),
  );
}
