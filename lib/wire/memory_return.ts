/**
 * Memory that need not wait for the collector.
 *
 * @module
 */

/** Of less, the call would cost more than it gives. */
const MIN_BYTES = 4 * 1024;

/**
 * Frees the memory of bytes that nobody needs any more, if it is theirs alone.
 * The collector looks for buffers rarely: those that were read through TLS came
 * to 80 MiB before it did.
 *
 * @param bytes The bytes, empty from then on.
 */
export function giveBack({ buffer, byteLength }: Uint8Array): void {
  if (byteLength < MIN_BYTES || byteLength < buffer.byteLength) return;
  if (buffer instanceof ArrayBuffer) buffer.transfer(0);
}
