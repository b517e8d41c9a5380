/** What MessagePack can carry. */
export type ValueType =
  | number
  | bigint
  | string
  | boolean
  | null
  | Uint8Array
  | readonly ValueType[]
  | ValueMap;

/** An object whose values MessagePack can carry. */
export interface ValueMap {
  [index: string | number]: ValueType;
}

/** Encodes a value to MessagePack. */
export function encode(object: ValueType): Uint8Array<ArrayBuffer>;

/** Decodes exactly one MessagePack value. */
export function decode(data: Uint8Array): ValueType;
