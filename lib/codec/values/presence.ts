/**
 * Values that may be absent or null.
 *
 * @module
 */

import type { Codec } from "../format/codec.ts";
import { asPart, CompiledCodec } from "../format/compiled.ts";
import { headOf, NIL } from "../format/format.ts";
import { wrongValue } from "../format/problem.ts";

/**
 * A codec whose value may be left out; as a field of a record it makes the
 * key optional in the type too.
 *
 * @typeParam T The values it carries when there is one.
 */
export interface OptionalCodec<T> extends Codec<T | undefined> {
  /** Marks it as optional. */
  readonly optional: true;
}

/**
 * A value that may be absent: as a field of a record its key is left out, as
 * a whole payload the frame says so. Absent is not null: see
 * {@linkcode nullable}.
 *
 * @param codec Carries the value when there is one.
 * @returns The codec. As a part it can only stand in a record.
 * @throws {InternodeError} `InvalidArgument` for what is no part of a value, such as `raw()`.
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import * as t from "@internode/grid/codec";
 *
 * const Page = t.record({ size: t.uint(), after: t.optional(t.string()) });
 * const first: t.Infer<typeof Page> = { size: 10 };
 * assert(!("after" in t.fromBytes(Page, t.toBytes(Page, first))));
 * ```
 */
export function optional<T>(codec: Codec<T>): OptionalCodec<T> {
  const inner = asPart(codec, "optional()");
  return new CompiledCodec<T | undefined>({
    optional: true,
    nullable: inner.nullable,
    fixedBytes: inner.fixedBytes,
    inner: inner as unknown as CompiledCodec<unknown>,
    describe: (part) => ({ type: "optional", value: part(inner) }),
    write(value, writer, depth): void {
      if (value === undefined) wrongValue(value, "left to the frame when absent");
      inner.write(value, writer, depth);
    },
    read: (reader, depth) => inner.read(reader, depth),
  }) as CompiledCodec<T | undefined> & { readonly optional: true };
}

/**
 * A value that may be `null`: MessagePack's nil, or a null payload where it
 * is the whole.
 *
 * @param codec Carries the value when it is not null.
 * @returns The codec. For a field that may be absent or null write `optional(nullable(…))`.
 * @throws {InternodeError} `InvalidArgument` for what is no part of a value, such as `raw()`.
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import * as t from "@internode/grid/codec";
 *
 * const Names = t.list(t.nullable(t.string()));
 * assert(t.fromBytes(Names, t.toBytes(Names, ["a", null]))[1] === null);
 * ```
 */
export function nullable<T>(codec: Codec<T>): Codec<T | null> {
  const part = asPart(codec, "nullable()");
  return new CompiledCodec<T | null>({
    nullable: true,
    fixedBytes: part.fixedBytes,
    describe: (describePart) => ({ type: "nullable", value: describePart(part) }),
    write(value, writer, depth): void {
      if (value !== null) return part.write(value, writer, depth);
      writer.ensure(1);
      writer.bytes[writer.position++] = NIL;
    },
    read(reader, depth): T | null {
      if (headOf(reader) !== NIL) return part.read(reader, depth);
      reader.position++;
      return null;
    },
  });
}

const NOTHING = new CompiledCodec<void>({
  optional: true,
  unfitAsPart: "nothing(), which has no bytes",
  describe: () => ({ type: "nothing" }),
  write(): void {},
  read(): void {},
});

/**
 * No value at all: `undefined`, an absent payload, for requests or responses
 * that say nothing but that they happened.
 *
 * @returns The codec; it cannot be part of another value.
 *
 * @example
 * ```ts
 * import { single } from "@internode/grid";
 * import * as t from "@internode/grid/codec";
 *
 * export const release = single("lock.release", { request: t.string(), response: t.nothing() });
 * ```
 */
export function nothing(): Codec<void> {
  return NOTHING;
}
