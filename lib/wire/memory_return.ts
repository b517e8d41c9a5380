/**
 * Frees memory without waiting for garbage collection.
 *
 * @module
 */

/** For fewer bytes the call costs more than it saves. */
const MIN_BYTES = 4 * 1024;

/**
 * Frees the memory of bytes that are no longer needed, if no other array shares
 * it. The garbage collector looks for buffers rarely: those read through TLS
 * grew to 80 MiB before it did.
 *
 * @param bytes The bytes, empty from then on.
 */
export function giveBack({ buffer, byteLength }: Uint8Array): void {
  if (byteLength < MIN_BYTES || byteLength < buffer.byteLength) return;
  if (buffer instanceof ArrayBuffer) buffer.transfer(0);
}
