/**
 * Codecs: what a contract's values look like, in TypeScript and in bytes.
 *
 * ```ts
 * import * as t from "@internode/grid/codec";
 *
 * export const LockArgs = t.record({
 *   uid: t.string(),
 *   resources: t.list(t.string()),
 *   owner: t.string(),
 *   source: t.optional(t.string()),
 *   quorum: t.optional(t.uint()),
 * });
 * export type LockArgs = t.Infer<typeof LockArgs>; // { uid: string; …; quorum?: number }
 * ```
 *
 * | here | in TypeScript | in MessagePack |
 * |---|---|---|
 * | `boolean()` | `boolean` | bool |
 * | `uint()`, `int()` | `number`, whole, within 53 bits | int |
 * | `float()` | `number` | float 64 |
 * | `bigint()` | `bigint` | int, beyond 64 bits bin |
 * | `string()` | `string` | str |
 * | `bytes()` | `Uint8Array` | bin |
 * | `timestamp()` | `Date` | timestamp extension |
 * | `literal(x)`, `enumeration([…])` | that value, one of those strings | as it is, str |
 * | `record({…})` | an object | map, keys str |
 * | `list(x)`, `tuple([…])` | an array | array |
 * | `map(x)` | `Map<string, X>` | map, keys str |
 * | `union(tag, {…})` | a discriminated union of objects | map with the tag |
 * | `optional(x)` | a key left out, an absent payload | nothing |
 * | `nullable(x)` | `null` | nil |
 * | `lazy(() => x)` | values that contain their own kind | as x |
 * | `validated(x, schema)` | what a Standard Schema makes of x | as x |
 * | `dynamic()` | any plain value | as `@std/msgpack` writes it |
 * | `raw()`, `nothing()` | a whole payload of bytes, or none | – |
 *
 * {@linkcode documented} adds what is to be said of a value, and
 * {@linkcode describe} tells all that a codec carries as a plain value.
 *
 * What does not fit, in either direction, is an `InternodeError` with code
 * `InvalidPayload` whose message names the path: `resources[3].name must be a
 * string, but is nil`. Reading trusts nothing: a claimed length never
 * allocates, depth is limited wherever values can nest without end, the items
 * of all lists and maps of a message are counted together, unknown fields are
 * skipped without recursion.
 *
 * How it is built, from the bottom up: `format.ts` knows type bytes and
 * heads, `problem.ts` what does not fit and where, `limits.ts` the bounds.
 * Each kind of value has a file with its two functions, wrapped in a
 * `CompiledCodec` (`compiled.ts`) that containers look into. The two
 * functions of records and lists are generated as source text
 * (`record_write.ts`, `record_read.ts`, `list.ts`, `generate.ts`), so that V8
 * sees one shape and one target at each place, or interpreted where the runtime
 * forbids that (`record_interpreted.ts`, `list_interpreted.ts`); text (`text.ts`,
 * `text_source.ts`, `text_memo.ts`) is where most of the time goes. `whole.ts`
 * is the edge for those who want bytes without a call.
 *
 * @module
 */

export { ByteReader } from "../wire/byte_reader.ts";
export { ByteWriter } from "../wire/byte_writer.ts";
export type { DecodedRoom } from "../wire/decoded_memory.ts";
export { describe } from "./values/describe.ts";
export type {
  CustomDescription,
  DescribePart,
  Description,
  Documented,
  DynamicDescription,
  EnumerationDescription,
  FieldDescription,
  LazyDescription,
  LengthDescription,
  ListDescription,
  LiteralDescription,
  PlainDescription,
  RecordDescription,
  RefDescription,
  TupleDescription,
  UnionDescription,
  ValidatedDescription,
  VariantDescription,
  WrapperDescription,
} from "./description/description.ts";
export { documented } from "./values/documented.ts";
export { bigint } from "./values/big_integer.ts";
export type { Codec, Infer } from "./format/codec.ts";
export { dynamic, type DynamicOptions } from "./values/dynamic.ts";
export { int, uint } from "./format/integer.ts";
export { lazy, type LazyOptions } from "./values/lazy.ts";
export type { CountOptions, DepthOptions } from "./format/limits.ts";
export { list, tuple, type TupleOf } from "./values/list.ts";
export { enumeration, literal } from "./values/literal.ts";
export { map } from "./values/map.ts";
export { nothing, nullable, optional, type OptionalCodec } from "./values/presence.ts";
export { raw } from "./values/raw.ts";
export { record, type RecordFields, type RecordOf } from "./records/record.ts";
export { boolean, bytes, float, type LengthOptions, string } from "./values/scalars.ts";
export type {
  StandardSchema,
  StandardSchemaIssue,
  StandardSchemaProps,
  StandardSchemaResult,
} from "./values/standard_schema.ts";
export { timestamp } from "./values/timestamp.ts";
export { union, type UnionOf, type UnionVariants } from "./records/union.ts";
export { validated } from "./values/validated.ts";
export { expectEnd, fromBytes, toBytes } from "./values/whole.ts";
