/**
 * Waiting that can be given up.
 *
 * @module
 */

import type { Clock } from "./clock.ts";

/**
 * Waits.
 *
 * @param clock Where time comes from.
 * @param durationMs How long, in milliseconds; nothing is waited for if it is not above 0.
 * @param signal Ends the waiting early; that is no error.
 */
export function pause(clock: Clock, durationMs: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted || !(durationMs > 0)) return Promise.resolve();
  return new Promise((resolve) => {
    const end = (): void => {
      clock.clearTimer(timer);
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = clock.setTimer(durationMs, end);
    signal.addEventListener("abort", end, { once: true });
  });
}
