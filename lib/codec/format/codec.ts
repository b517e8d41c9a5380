/**
 * What a codec is.
 *
 * @module
 */

import type { ByteReader } from "../../wire/byte_reader.ts";
import type { ByteWriter } from "../../wire/byte_writer.ts";
import type { DescribePart, Description } from "../description/description.ts";

/**
 * Turns values into bytes and back. The codecs of `@internode/grid/codec`
 * are of this type; any object with these two methods can be one.
 *
 * @typeParam T The values it carries.
 */
export interface Codec<T> {
  /**
   * Appends the value's bytes. Throws an `InternodeError` with code
   * `InvalidPayload` that names the path of what does not fit. A call that
   * anything else is thrown in fails as `InvalidPayload` with that as its cause.
   */
  encode(value: T, writer: ByteWriter): void;
  /**
   * Reads one value from `reader.position` on and leaves the position after
   * it. The reader's bytes are borrowed: nothing may be kept of them but
   * copies (`reader.takeBytes`). Throws an `InternodeError` with code
   * `InvalidPayload` that names the path of what does not fit; with anything
   * else it is as for `encode`.
   */
  decode(reader: ByteReader): T;
  /** Whether `undefined` stands for an absent payload: carried by the frame, never given to `encode`. Default: `false`. */
  readonly optional?: boolean;
  /** Whether `null` stands for a null payload: carried by the frame, never given to `encode`. Default: `false`. */
  readonly nullable?: boolean;
  /** Whether values are plain `Uint8Array`s that travel as they are. Default: `false`. */
  readonly raw?: boolean;
  /**
   * Says what it carries, as a plain value that JSON can hold; encoding and
   * decoding never call it. A codec without it, or whose method throws, is
   * described as `custom`. Who describes itself as one of the known kinds promises
   * that its bytes are as those of that codec.
   *
   * @param part Describes a codec that is a part of this one.
   */
  readonly describe?: ((part: DescribePart) => Description) | undefined;
}

/**
 * The type of the values that a codec carries.
 *
 * @typeParam C A codec.
 */
export type Infer<C> = C extends Codec<infer T> ? T : never;
