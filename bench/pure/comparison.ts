/**
 * What has become slower since a baseline.
 *
 * @module
 */

/** The time of each bench's operation to that of the loop that all are measured against. */
export type Ratios = Readonly<Record<string, number>>;

/** One bench, now and then. */
export interface Compared {
  /** Its group and name. */
  readonly name: string;
  /** Its ratio now; `null`: it is no more. */
  readonly ratio: number | null;
  /** Its ratio in the baseline; `null`: it is new. */
  readonly baseline: number | null;
  /** By how much its time has changed: 0.25 is a quarter more. `null` where there is nothing to compare. */
  readonly change: number | null;
  /** What that means. */
  readonly verdict: "same" | "faster" | "slower" | "new" | "gone";
}

/** A bench whose time has grown by more than this has become slower. */
export const MAX_GROWTH = 0.25;

/** Compares, in the order of what was measured; what is gone comes last. */
export function compare(measured: Ratios, baseline: Ratios): Compared[] {
  const now = Object.entries(measured).map(([name, ratio]): Compared => {
    const before = baseline[name];
    if (before === undefined) {
      return { name, ratio, baseline: null, change: null, verdict: "new" };
    }
    const change = ratio / before - 1;
    // As many times as fast, not as many percent less.
    const verdict = change > MAX_GROWTH
      ? "slower"
      : before / ratio - 1 > MAX_GROWTH
      ? "faster"
      : "same";
    return { name, ratio, baseline: before, change, verdict };
  });
  const gone = Object.entries(baseline).filter(([name]) => !(name in measured))
    .map(([name, before]): Compared => (
      { name, ratio: null, baseline: before, change: null, verdict: "gone" }
    ));
  return [...now, ...gone];
}

/**
 * Reads a baseline.
 *
 * @throws {Error} If it is no record of numbers above 0.
 */
export function parseBaseline(text: string): Ratios {
  const given: unknown = JSON.parse(text);
  const isRecord = typeof given === "object" && given !== null && !Array.isArray(given);
  if (isRecord && Object.values(given).every((ratio) => typeof ratio === "number" && ratio > 0)) {
    return given as Ratios;
  }
  throw new Error("the baseline is no record of numbers above 0; write it anew with --update");
}
