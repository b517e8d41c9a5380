/**
 * Views of parts of buffers.
 *
 * @module
 */

/**
 * The same as `bytes.subarray(start, end)` in two thirds of the time, as
 * no permission prompt is shown for the species of the array first.
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
