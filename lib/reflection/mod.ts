/**
 * What contracts say of themselves.
 *
 * {@linkcode describe} gives a plain value with all that a contract or a service
 * fixes: the shapes, limits and docs of its messages, capacities, and whether
 * calls may be repeated. JSON can carry it, so that a tool needs no source of ours.
 *
 * @module
 */

export type {
  CustomDescription,
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
export type {
  ContractDescription,
  NamedDescription,
  ServiceDescription,
  SingleDescription,
  StreamDescription,
} from "./contract_description.ts";
export { type DescribableService, describe } from "./describe.ts";
