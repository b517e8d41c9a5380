/**
 * The bytes of arrays that users have made.
 *
 * A class of theirs may have a constructor, a species, a length or methods of
 * its own, which must not run, nor be believed, in the midst of a batch: a
 * length that is too large would send what others have left in its memory.
 *
 * @module
 */

type Bytes = Uint8Array<ArrayBuffer>;

const ARRAY = Object.getPrototypeOf(Uint8Array.prototype) as object;
const getter = (name: string): () => unknown =>
  Object.getOwnPropertyDescriptor(ARRAY, name)!.get as () => unknown;
const length = getter("length") as () => number;
const byteOffset = getter("byteOffset") as () => number;
const buffer = getter("buffer") as () => ArrayBuffer;

/** Larger ones travel as they are, in pieces; others are copied at once. */
const COPIED_BYTES = 8_192;

/**
 * How many bytes an array really has.
 *
 * @throws {TypeError} If it only looks like an array, as a proxy does.
 */
export function lengthOf(bytes: Uint8Array): number {
  return length.call(bytes);
}

/**
 * The same bytes in an array without anything of a user's own.
 *
 * @returns The very array if it is small and plain.
 * @throws {TypeError} If it only looks like an array, as a proxy does.
 */
export function plainBytes(bytes: Bytes): Bytes {
  const real = lengthOf(bytes);
  const isPlain = Object.getPrototypeOf(bytes) === Uint8Array.prototype && bytes.length === real;
  if (real === 0 || isPlain && real <= COPIED_BYTES) return isPlain ? bytes : new Uint8Array(0);
  return new Uint8Array(buffer.call(bytes), byteOffset.call(bytes), real);
}

/**
 * Where the bytes of an array really lie.
 *
 * @throws {TypeError} If it only looks like an array, as a proxy does.
 */
export function bufferOf(bytes: Uint8Array): ArrayBuffer {
  return buffer.call(bytes);
}

/** Whether the memory of an array was taken away. */
export function isDetached(bytes: Bytes): boolean {
  return lengthOf(bytes) === 0 && buffer.call(bytes).detached;
}
