/**
 * What contracts say of themselves, and what can be made of it.
 *
 * - {@linkcode describe} gives a plain value with all that a contract or a service
 *   fixes: the shapes, limits and docs of its messages, capacities, and whether
 *   calls may be repeated. JSON can carry it; {@linkcode readContract} and
 *   {@linkcode readDescription} read one of another version.
 * - {@linkcode jsonSchema} and {@linkcode markdown} show it to others.
 * - {@linkcode codecOf}, {@linkcode contractOf}, {@linkcode fromJson} and
 *   {@linkcode toJson} call a handler of which nothing else is known.
 * - {@linkcode breaking}, {@linkcode assertCompatible} and {@linkcode checkSnapshot}
 *   tell which changes old and new nodes understand.
 *
 * @module
 */

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
} from "../codec/description/description.ts";
export { readDescription } from "../codec/description/read_description.ts";
export type { Codec } from "../codec/format/codec.ts";
export type { ByteReader } from "../wire/byte_reader.ts";
export type { DecodedRoom } from "../wire/decoded_memory.ts";
export type { ByteWriter } from "../wire/byte_writer.ts";
export type { AnyContract, SingleContract, StreamContract } from "../rpc/contract/contract.ts";
export { breaking } from "./breaking.ts";
export { type ChangeReason, changesText, type ContractChange } from "./change.ts";
export { codecOf, contractOf } from "./codec_of.ts";
export { assertCompatible, checkSnapshot, type SnapshotOptions } from "./compatible.ts";
export type {
  ContractDescription,
  NamedDescription,
  ServiceDescription,
  SingleDescription,
  StreamDescription,
} from "./contract_description.ts";
export { type DescribableService, describe } from "./describe.ts";
export type { JsonValue } from "./json_forms.ts";
export { type JsonSchema, jsonSchema } from "./json_schema.ts";
export { fromJson, toJson } from "./json_value.ts";
export { markdown, type MarkdownOptions } from "./markdown.ts";
export { readContract, readContracts } from "./read_contract.ts";
export { type ContractSet, descriptionsOf, snapshot } from "./snapshot.ts";
