/**
 * What became of the mutants of a room.
 *
 * @module
 */

/** What can become of a mutant. */
export type Fate = "killed" | "timed out" | "explained" | "survived";

/** Counts the fates of a room's mutants. */
export class Score {
  readonly #counts: Record<Fate, number> = {
    "killed": 0,
    "timed out": 0,
    "explained": 0,
    "survived": 0,
  };

  /** Counts one more. */
  add(fate: Fate): void {
    this.#counts[fate]++;
  }

  /** One line: all counts, and how many of those that can be noticed were. */
  toString(): string {
    const { killed, "timed out": timedOut, explained, survived } = this.#counts;
    const noticed = killed + timedOut, noticeable = noticed + survived;
    const percent = noticeable === 0 ? "-" : `${(100 * noticed / noticeable).toFixed(1)} %`;
    return `${noticeable + explained} mutants: ${killed} killed, ${timedOut} timed out, ` +
      `${survived} survived, ${explained} explained; ${percent} of those that can be noticed were`;
  }
}
