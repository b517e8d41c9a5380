/**
 * Log lines that would be written again and again.
 *
 * @module
 */

/** How long until something that goes on is told again, in milliseconds; each time twice as long as before. */
const FIRST_REPEAT_MS = 60_000;
const LAST_REPEAT_MS = 3_600_000;
/** So many different ones are told apart; further ones count as one. */
const MAX_KEYS = 64;
/** The key of the further ones. */
const OTHERS = "";

interface Told {
  /** From when on it may be told again. */
  againMs: number;
  repeatMs: number;
  /** How often it has happened since. */
  count: number;
}

/**
 * Decides which of the lines about what happens again and again are written:
 * the first, another after a minute with the number of times, then after twice
 * as long each time, up to an hour, and one when it is over. The others belong to level `debug`.
 *
 * ```ts ignore
 * const count = lines.note(reason, clock.now());
 * logger[count > 0 ? "warn" : "debug"](`Refused ${remote}: ${sentence(reason)}${times(count)}`, …);
 * ```
 */
export class RepeatedLines {
  readonly #told = new Map<string, Told>();

  /**
   * It has happened.
   *
   * @param key What has: the same key, the same thing.
   * @param nowMs The monotonic time.
   * @returns How often since it was told last, this time included: tell it; 0: do not.
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
   * It is over, and would be told anew.
   *
   * @param key What is; left out: everything.
   * @returns How often it has happened since it was told last; `null` if it has not happened.
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

/** The sentence that a line ends with if it stands for several. */
export function times(count: number): string {
  return count > 1 ? ` This happened ${count} times since it was last logged.` : "";
}
