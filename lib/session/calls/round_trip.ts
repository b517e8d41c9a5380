/**
 * How far away the peer is.
 *
 * @module
 */

import { DOUBLE_ZERO } from "../../wire/double_zero.ts";

/** How long the shortest round trip is kept, in case the path changes. */
const MEMORY_MS = 60_000;

/** The shortest round trip that pings have taken recently: what is longer has waited somewhere. */
export class RoundTrip {
  /** In milliseconds; `Infinity` while none is known. */
  leastMs: number = Infinity;
  #sinceMs: number = DOUBLE_ZERO;

  /** A ping was answered after so long. */
  note(tookMs: number, nowMs: number): void {
    if (tookMs > this.leastMs && nowMs - this.#sinceMs <= MEMORY_MS) return;
    this.leastMs = tookMs;
    this.#sinceMs = nowMs;
  }
}
