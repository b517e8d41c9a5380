/**
 * How long a machine lets a process stand still that always has something to do.
 *
 * @module
 */

/** For how long a request would have stood still that came at some moment, in microseconds. */
export interface Pauses {
  /** The slowest hundredth. */
  readonly p99Us: number;
  /** The slowest thousandth. */
  readonly p999Us: number;
  /** The longest pause. */
  readonly maxUs: number;
}

/** What is shorter is the look at the clock itself. */
const LEAST_US = 20;

/** Looks at the clock again and again for so many seconds; that takes a processor. */
export function measurePauses(seconds: number): Pauses {
  const gaps: number[] = [];
  const startMs = performance.now(), endMs = startMs + seconds * 1000;
  let nowMs = startMs;
  while (nowMs < endMs) {
    const beforeMs = nowMs;
    nowMs = performance.now();
    const us = (nowMs - beforeMs) * 1000;
    if (us >= LEAST_US) gaps.push(us);
  }
  return pausesOf(gaps, (nowMs - startMs) * 1000);
}

/** What pauses within so long a time mean for who comes at some moment of it. */
export function pausesOf(gaps: readonly number[], totalUs: number): Pauses {
  const maxUs = Math.max(0, ...gaps);
  /** The wait that this part of all moments exceed: of each pause the beginning, as its end is near then. */
  const exceeded = (part: number): number => {
    let low = 0, high = maxUs;
    while (high - low > 0.1) {
      const middle = (low + high) / 2;
      const exceeding = gaps.reduce((sum, gap) => sum + Math.max(0, gap - middle), 0);
      if (exceeding > part * totalUs) low = middle;
      else high = middle;
    }
    return high;
  };
  return { p99Us: exceeded(0.01), p999Us: exceeded(0.001), maxUs };
}
