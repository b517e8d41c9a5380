/**
 * Log lines that would be written repeatedly.
 *
 * @module
 */

/** How long until a repeated event is logged again, in milliseconds; doubled each time. */
const FIRST_REPEAT_MS = 60_000;
const LAST_REPEAT_MS = 3_600_000;
/** How many different keys are distinguished; further ones count as one. */
const MAX_KEYS = 64;
/** The key of all further ones. */
const OTHERS = "";

interface Told {
  /** From when on it may be logged again. */
  againMs: number;
  repeatMs: number;
  /** How often it has happened since the last line. */
  count: number;
}

/**
 * Decides which lines about a repeated event are logged: the first, another
 * after a minute with the number of times, then at intervals that double up to
 * an hour, and one when it is over. The others belong to level `debug`.
 *
 * ```ts ignore
 * const count = lines.note(reason, clock.now());
 * logger[count > 0 ? "warn" : "debug"](`Refused ${remote}: ${sentence(reason)}${times(count)}`, …);
 * ```
 */
export class RepeatedLines {
  readonly #told = new Map<string, Told>();

  /**
   * Counts an event.
   *
   * @param key The event: equal keys mean the same event.
   * @param nowMs The monotonic time.
   * @returns How often it has happened since the last line, this time included; 0 if it is not to be logged.
   */
  note(key: string, nowMs: number): number {
    const told = this.#told.get(key) ?? this.#begin(key, nowMs);
    told.count++;
    if (nowMs < told.againMs) return 0;
    const { count } = told;
    told.count = 0;
    told.againMs = nowMs + told.repeatMs;
    told.repeatMs = Math.min(told.repeatMs * 2, LAST_REPEAT_MS);
    return count;
  }

  /**
   * The event is over; the next one is logged again.
   *
   * @param key The event. Default: all events.
   * @returns How often it has happened since the last line; `null` if it has not happened.
   */
  end(key?: string): number | null {
    let sum: number | null = null;
    for (const [name, { count }] of this.#told) {
      if (key !== undefined && name !== key) continue;
      sum = (sum ?? 0) + count;
      this.#told.delete(name);
    }
    return sum;
  }

  #begin(key: string, nowMs: number): Told {
    if (this.#told.size >= MAX_KEYS) {
      for (const [name, { againMs }] of this.#told) {
        if (nowMs >= againMs) this.#told.delete(name);
      }
    }
    const name = this.#told.size < MAX_KEYS ? key : OTHERS;
    const told = this.#told.get(name) ?? {
      againMs: -Infinity,
      repeatMs: FIRST_REPEAT_MS,
      count: 0,
    };
    this.#told.set(name, told);
    return told;
  }
}

/** The sentence at the end of a line that stands for several events. */
export function times(count: number): string {
  return count > 1 ? ` This happened ${count} times since it was last logged.` : "";
}
