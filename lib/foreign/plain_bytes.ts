/**
 * The bytes of arrays that users have made.
 *
 * A class of theirs may have a constructor, a species, a length or methods of
 * its own, which must not run, nor be believed, in the middle of a batch: a
 * length that is too large would send what others have left in its memory.
 *
 * @module
 */

type Bytes = Uint8Array<ArrayBuffer>;

const ARRAY = Object.getPrototypeOf(Uint8Array.prototype) as object;
const getter = (name: string | symbol): () => unknown =>
  Object.getOwnPropertyDescriptor(ARRAY, name)!.get as () => unknown;
const length = getter("length") as () => number;
const byteOffset = getter("byteOffset") as () => number;
const buffer = getter("buffer") as () => ArrayBuffer;
const kind = getter(Symbol.toStringTag) as () => string | undefined;

/** Whether this is really an array of bytes, not a proxy of one. Runs no user code. */
export function isBytes(value: unknown): value is Bytes {
  return kind.call(value) === "Uint8Array";
}

/**
 * How many bytes an array really has.
 *
 * @throws {TypeError} If it is not really an array, such as a proxy.
 */
export function lengthOf(bytes: Uint8Array): number {
  return length.call(bytes);
}

/** The same bytes in a plain `Uint8Array`. */
export function plainBytes(bytes: Bytes): Bytes {
  return new Uint8Array(buffer.call(bytes), byteOffset.call(bytes), lengthOf(bytes));
}

/**
 * Whether an array has bytes, and its two lengths agree. Asking the runtime for
 * the real length takes 10 ns; this finds a class that redefines one of them.
 */
export function isUsual(value: unknown): value is Bytes {
  try {
    if (!(value instanceof Uint8Array)) return false;
    const { length } = value;
    return length > 0 && length === value.byteLength;
  } catch {
    return false;
  }
}

/**
 * The real buffer and offset of an array.
 *
 * @throws {TypeError} If it is not really an array, such as a proxy.
 */
export function bufferOf(bytes: Uint8Array): ArrayBuffer {
  return buffer.call(bytes);
}

/** Whether the buffer of an array was detached. */
export function isDetached(bytes: Bytes): boolean {
  return lengthOf(bytes) === 0 && buffer.call(bytes).detached;
}
