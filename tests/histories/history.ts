/**
 * What histories have in common.
 *
 * @module
 */

import { type Authenticator, sharedSecret } from "@internode/grid";
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
const SECRET = sharedSecret("a secret of the histories alone");

/** The secret of a history: every third one has it. */
export function secretOf(seed: number): { readonly auth?: Authenticator } {
  return seed % 3 === 0 ? { auth: SECRET } : {};
}

/**
 * Whether something wrong is noticed in one of so many histories.
 *
 * @param seeds How many are played at most, from seed 0 on.
 * @param play Plays one; rejects with what is noticed.
 */
export async function isNoticed(
  seeds: number,
  play: (seed: number) => Promise<unknown>,
): Promise<boolean> {
  for (let seed = 0; seed < seeds; seed++) {
    try {
      await play(seed);
    } catch {
      return true;
    }
  }
  return false;
}

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
