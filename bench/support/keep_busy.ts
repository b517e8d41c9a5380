/**
 * Keeps so many requests in flight.
 *
 * @module
 */

/** With many in flight only every so-many-th is timed, as reading the clock would be most of the cost. */
export const TIMED_EACH = 32;

/** What was seen. */
export interface Busy {
  /** Requests answered. */
  readonly count: number;
  /** How long those took that were timed, in microseconds, in the order they ended. */
  readonly times: number[];
}

/**
 * Asks, so many times at once, each time followed by the next, until the time is up.
 *
 * @param ask Makes one request; hears which of those in flight it follows, from 0 on.
 * @param inflight How many at a time.
 * @param timedEach Every so-many-th is timed, and may find that the time is up.
 * @param endMs When that is, on the clock of `performance.now`.
 */
export async function keepBusy(
  ask: (place: number) => Promise<unknown>,
  inflight: number,
  timedEach: number,
  endMs: number,
): Promise<Busy> {
  const times: number[] = [];
  let count = 0, over = false;
  const follow = async (place: number): Promise<void> => {
    while (!over) {
      if (++count % timedEach !== 0) {
        await ask(place);
        continue;
      }
      const sentMs = performance.now();
      await ask(place);
      const nowMs = performance.now();
      times.push((nowMs - sentMs) * 1000);
      if (nowMs >= endMs) over = true;
    }
  };
  await Promise.all(Array.from({ length: inflight }, (_, place) => follow(place)));
  return { count, times };
}
