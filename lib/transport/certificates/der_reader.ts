/**
 * Reading DER, as far as certificates and lists of revoked ones need it.
 *
 * @module
 */

/** The error of bytes that are not valid DER. */
const TRUNCATED = "the certificate's encoding is broken";

/**
 * Walks over values encoded in DER (X.690): each has a tag of one byte, a
 * length and its content. Anything else throws.
 */
export class DerReader {
  readonly #bytes: Uint8Array;
  #at: number;
  readonly #end: number;
  readonly #broken: string;

  /**
   * @param bytes What to read.
   * @param broken The message for incomplete data. Default: that a certificate is broken.
   */
  constructor(bytes: Uint8Array, broken: string = TRUNCATED) {
    this.#bytes = bytes;
    this.#at = 0;
    this.#end = bytes.length;
    this.#broken = broken;
  }

  /** The next value's tag; -1 at the end. */
  get tag(): number {
    return this.#at < this.#end ? this.#bytes[this.#at]! : -1;
  }

  /**
   * Reads the next value.
   *
   * @param tag The tag that it must have; any if none is given.
   * @returns Its content.
   * @throws {RangeError} If it is missing or incomplete.
   */
  next(tag: number = this.tag): Uint8Array {
    if (this.#at + 2 > this.#end || this.tag !== tag || (tag & 0x1f) === 0x1f) {
      throw new RangeError(this.#broken);
    }
    let length = this.#bytes[this.#at + 1]!, start = this.#at + 2;
    if (length > 0x80) {
      const count = length - 0x80;
      if (count > 3 || start + count > this.#end) throw new RangeError(this.#broken);
      length = 0;
      for (let i = 0; i < count; i++) length = length * 256 + this.#bytes[start++]!;
    } else if (length === 0x80) {
      throw new RangeError(this.#broken);
    }
    const end = start + length;
    if (end > this.#end) throw new RangeError(this.#broken);
    this.#at = end;
    return this.#bytes.subarray(start, end);
  }

  /**
   * Goes into the next value.
   *
   * @param tag The tag that it must have.
   * @returns A reader of its content.
   * @throws {RangeError} If it is missing or incomplete.
   */
  enter(tag: number): DerReader {
    return new DerReader(this.next(tag), this.#broken);
  }

  /**
   * Reads the next value.
   *
   * @param tag The tag that it must have.
   * @returns All of it, tag and length included.
   * @throws {RangeError} If it is missing or incomplete.
   */
  whole(tag: number): Uint8Array {
    const start = this.#at;
    this.next(tag);
    return this.#bytes.subarray(start, this.#at);
  }
}
