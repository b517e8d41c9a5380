/**
 * Parts of buffers, and their concatenation.
 *
 * @module
 */

/**
 * The same as `bytes.subarray(start, end)` in two thirds of the time.
 *
 * @param bytes The whole.
 * @param start Where the part begins.
 * @param end Where it ends; not before `start`, not behind the end of the whole.
 * @returns A view of the part.
 */
export function partOf<Buffer extends ArrayBufferLike>(
  bytes: Uint8Array<Buffer>,
  start: number,
  end: number,
): Uint8Array<Buffer> {
  return new Uint8Array(bytes.buffer, bytes.byteOffset + start, end - start);
}

/**
 * A copy of pieces, one after the other.
 *
 * @param pieces The pieces, in order.
 * @returns A new array.
 */
export function joined(pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}
