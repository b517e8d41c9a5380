/**
 * Reading DER, as far as certificates need it.
 *
 * @module
 */

/** Ends of things that are not what they say. */
const TRUNCATED = "the certificate's encoding is broken";

/**
 * Walks over values encoded in DER (X.690): each has a tag of one byte, a
 * length and its content. Anything else than that throws.
 */
export class DerReader {
  readonly #bytes: Uint8Array;
  #at: number;
  readonly #end: number;

  /**
   * @param bytes What to read.
   * @param start Where to begin.
   * @param end Where to stop.
   */
  constructor(bytes: Uint8Array, start = 0, end: number = bytes.length) {
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
  }

  /** The next value's tag; -1 at the end. */
  get tag(): number {
    return this.#at < this.#end ? this.#bytes[this.#at]! : -1;
  }

  /**
   * Steps over the next value.
   *
   * @param tag The tag that it must have; any if none is given.
   * @returns Its content.
   * @throws {RangeError} If it is not there or not whole.
   */
  next(tag: number = this.tag): Uint8Array {
    if (this.#at + 2 > this.#end || this.tag !== tag || (tag & 0x1f) === 0x1f) {
      throw new RangeError(TRUNCATED);
    }
    let length = this.#bytes[this.#at + 1]!, start = this.#at + 2;
    if (length > 0x80) {
      const count = length - 0x80;
      if (count > 3 || start + count > this.#end) throw new RangeError(TRUNCATED);
      length = 0;
      for (let i = 0; i < count; i++) length = length * 256 + this.#bytes[start++]!;
    } else if (length === 0x80) {
      throw new RangeError(TRUNCATED);
    }
    const end = start + length;
    if (end > this.#end) throw new RangeError(TRUNCATED);
    this.#at = end;
    return this.#bytes.subarray(start, end);
  }

  /**
   * Goes into the next value.
   *
   * @param tag The tag that it must have.
   * @returns A reader of what it holds.
   * @throws {RangeError} If it is not there or not whole.
   */
  enter(tag: number): DerReader {
    return new DerReader(this.next(tag));
  }
}
