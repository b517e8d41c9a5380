/**
 * What a codec says of itself: a plain value that JSON can carry.
 *
 * A description may come from another version of this library, which knows kinds
 * of values that this one does not. So whoever looks at `type` treats one that it
 * does not know as `custom`; `readDescription` of `@internode/grid/reflection`
 * does that for all parts at once.
 *
 * @module
 */

/**
 * What a codec carries: the kind of value, its limits, its parts and what its
 * author says of it. Made by `describe()` of `@internode/grid/codec`.
 */
export type Description =
  | PlainDescription
  | LengthDescription
  | LiteralDescription
  | EnumerationDescription
  | RecordDescription
  | UnionDescription
  | ListDescription
  | TupleDescription
  | WrapperDescription
  | ValidatedDescription
  | LazyDescription
  | RefDescription
  | DynamicDescription
  | CustomDescription;

/** What every description may say. */
export interface Documented {
  /** What its author says of it; see `documented()`. */
  readonly docs?: string | undefined;
}

/**
 * A value without limits of its own.
 *
 * - `boolean`
 * - `uint`: a whole number from 0 to 2⁵³ − 1
 * - `int`: a whole number within ±(2⁵³ − 1)
 * - `float`: a number of 64 bits
 * - `bigint`: a whole number of at most 1,024 bytes
 * - `timestamp`: a `Date`
 * - `raw`: a whole payload of bytes
 * - `nothing`: a payload that is absent
 */
export interface PlainDescription extends Documented {
  /** The kind of value. */
  readonly type:
    | "boolean"
    | "uint"
    | "int"
    | "float"
    | "bigint"
    | "timestamp"
    | "raw"
    | "nothing";
}

/** A text or bytes. */
export interface LengthDescription extends Documented {
  /** The kind of value. */
  readonly type: "string" | "bytes";
  /** The most bytes, of UTF-8 for a text. Left out: no limit but the message's. */
  readonly maxBytes?: number | undefined;
}

/** A constant. */
export interface LiteralDescription extends Documented {
  /** The kind of value. */
  readonly type: "literal";
  /** The constant. */
  readonly value: string | number | boolean;
}

/** A text out of a few. */
export interface EnumerationDescription extends Documented {
  /** The kind of value. */
  readonly type: "enumeration";
  /** The texts, in the contract's order. */
  readonly values: readonly string[];
}

/** A field of a record. */
export interface FieldDescription extends Documented {
  /** Its name. */
  readonly name: string;
  /** Whether it may be left out. Left out: it may not. */
  readonly optional?: boolean | undefined;
  /** What it carries when it is there. */
  readonly value: Description;
}

/** An object with named fields. */
export interface RecordDescription extends Documented {
  /** The kind of value. */
  readonly type: "record";
  /** The fields, in the contract's order. */
  readonly fields: readonly FieldDescription[];
}

/** One of several records. */
export interface VariantDescription extends Documented {
  /** The tag's value. */
  readonly tag: string;
  /** The fields beside the tag, in the contract's order. */
  readonly fields: readonly FieldDescription[];
}

/** One of several records, told apart by a tag. */
export interface UnionDescription extends Documented {
  /** The kind of value. */
  readonly type: "union";
  /** The name of the field that tells them apart. */
  readonly tag: string;
  /** The records, in the contract's order. */
  readonly variants: readonly VariantDescription[];
}

/** A list, or a map from texts to values. */
export interface ListDescription extends Documented {
  /** The kind of value. */
  readonly type: "list" | "map";
  /** Each item, or each value of the map. */
  readonly item: Description;
  /** The most items. */
  readonly maxItems: number;
}

/** A list of a fixed length. */
export interface TupleDescription extends Documented {
  /** The kind of value. */
  readonly type: "tuple";
  /** Its items. */
  readonly items: readonly Description[];
}

/** A payload that may be absent, or a value that may be `null`. Fields of records say it themselves. */
export interface WrapperDescription extends Documented {
  /** The kind of value. */
  readonly type: "optional" | "nullable";
  /** What it carries otherwise. */
  readonly value: Description;
}

/** A value that the receiver judges by a schema. */
export interface ValidatedDescription extends Documented {
  /** The kind of value. */
  readonly type: "validated";
  /** What carries it. */
  readonly value: Description;
  /** Who made the schema, such as `zod`. */
  readonly vendor: string;
}

/** A value that may contain its own kind, where it is described first. */
export interface LazyDescription extends Documented {
  /** The kind of value. */
  readonly type: "lazy";
  /** Names it within the whole description. */
  readonly id: number;
  /** What it carries. */
  readonly value: Description;
  /** The most containers around any value. */
  readonly maxDepth: number;
  /** The most items that a message with such values may have in all. */
  readonly maxItems: number;
}

/** The same as a `lazy` that stands elsewhere in the whole description. */
export interface RefDescription extends Documented {
  /** The kind of value. */
  readonly type: "ref";
  /** Its name. */
  readonly id: number;
}

/** Any plain value. */
export interface DynamicDescription extends Documented {
  /** The kind of value. */
  readonly type: "dynamic";
  /** The most containers around any value. */
  readonly maxDepth: number;
  /** The most values in it, at every depth. */
  readonly maxItems: number;
}

/** A codec that says nothing of itself, or that this version does not know. */
export interface CustomDescription extends Documented {
  /** The kind of value. */
  readonly type: "custom";
  /** What the description said in place of a type that is known here. */
  readonly kind?: string | undefined;
}

/** Describes a part of a value, for codecs that have parts: see `Codec.describe`. */
export type DescribePart = (part: object) => Description;
