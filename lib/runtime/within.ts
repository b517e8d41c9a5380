/**
 * Waiting that has a bound.
 *
 * @module
 */

import type { Clock } from "./clock.ts";

/**
 * Waits for something, but not for ever.
 *
 * @param limitMs How long at most.
 * @param work What to wait for; must not reject.
 * @returns Whether it ended in time.
 */
export function within(clock: Clock, limitMs: number, work: Promise<unknown>): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = clock.setTimer(limitMs, () => resolve(false));
    work.then(() => {
      clock.clearTimer(timer);
      resolve(true);
    });
  });
}
