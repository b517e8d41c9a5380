/**
 * Waiting by a clock, which may be a virtual one.
 *
 * @module
 */

import type { Clock } from "@internode/grid";

/** Waits for so long. */
export function pause(clock: Pick<Clock, "setTimer">, ms: number): Promise<void> {
  return new Promise((resolve) => void clock.setTimer(ms, resolve));
}
