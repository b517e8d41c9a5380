/**
 * What histories have in common.
 *
 * @module
 */

import type { VirtualClock } from "@internode/grid/testing";

/** How many calls a history has. */
export const CALLS = 10;
/** Within what time they are made, and trouble begins. */
export const WINDOW_MS = 1_000;
/** After how long everything must have ended: longer than a connection that says nothing is waited for. */
export const PATIENCE_MS = 120_000;
/** Messages of a few kilobytes go in pieces. */
export const LIMITS = { maxFragmentBytes: 1_024 };
/** So much longer than its grace a closing may take, for what has its own bound. */
const CLOSING_MS = 5_000;

/** Waits for a closing, which must be done when its grace is over. */
export async function within(
  clock: VirtualClock,
  closing: Promise<void>,
  graceMs: number,
): Promise<void> {
  const startMs = clock.now();
  await closing;
  const tookMs = clock.now() - startMs;
  if (tookMs > graceMs + CLOSING_MS) {
    throw new Error(`closing took ${tookMs} ms with a grace of ${graceMs} ms`);
  }
}
