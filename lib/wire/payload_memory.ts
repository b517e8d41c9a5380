/**
 * Memory for payloads that users keep.
 *
 * @module
 */

/** Below this size the objects around a payload are enough garbage to start a collection. */
const MIN_BALLAST_BYTES = 16 * 1024;
/** How many bytes of payload there are for each element (8 bytes) of ballast. */
const BYTES_PER_ELEMENT = 24;
/** Arrays above about 100 KiB are not in the young generation. */
const MAX_BALLAST_ELEMENTS = 8 * 1024;
/** After this many bytes of payloads, their memory is expected to be needed again. */
const BUSY_BYTES = 4 * 1024 * 1024;
/** From then on, blocks up to this size come from the allocator's heap, which keeps twice as much when free. */
const KEPT_BYTES = 8 * 1024 * 1024;

let ballast: unknown[] = [];
let givenBytes = 0;
let kept = false;

/**
 * Makes an array for a payload. It is new, so that its user may do anything
 * with it. Most of its cost is garbage collection, and two things keep that
 * small:
 *
 * - V8 counts its young garbage by heap bytes, of which a large array has
 *   hardly any. A thousand payloads of 64 KiB would gather before it looked,
 *   and then for all of the heap. Some short-lived ballast with each brings
 *   the quick kind of collection sooner, so that the same memory, still warm
 *   and still mapped, goes round.
 * - glibc gives what is free at the end of its heap back to the system at
 *   once, and each page that is wanted again is a page fault. It keeps more
 *   once it has seen a large block come and go, so one does that, untouched,
 *   as soon as there have been payloads enough. Elsewhere this does nothing.
 *
 * @param bytes How many.
 * @returns The array, all zeros.
 */
export function payloadMemory(bytes: number): Uint8Array<ArrayBuffer> {
  if (bytes >= MIN_BALLAST_BYTES) {
    if (!kept && (givenBytes += bytes) >= BUSY_BYTES) {
      kept = true;
      new ArrayBuffer(KEPT_BYTES).transfer(0);
    }
    hastenCollection(bytes);
  }
  return new Uint8Array(bytes);
}

/**
 * Brings the quick kind of collection sooner by some ballast, as there is
 * garbage outside the heap.
 *
 * @param bytes How much; for less than 16 KiB nothing is done.
 */
export function hastenCollection(bytes: number): void {
  if (bytes < MIN_BALLAST_BYTES) return;
  ballast = new Array(Math.min(bytes / BYTES_PER_ELEMENT | 0, MAX_BALLAST_ELEMENTS));
}

/** The length of the last ballast; reading it keeps it from being optimized away. */
export function ballastElements(): number {
  return ballast.length;
}
