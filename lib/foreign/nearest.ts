/**
 * What somebody may have meant.
 *
 * @module
 */

/** The most letters that may differ. */
const MAX_DISTANCE = 2;

/**
 * The name that a mistyped one most likely stands for.
 *
 * @returns `null` if none is near.
 */
export function nearest(typed: string, names: readonly string[]): string | null {
  let best: string | null = null, least = MAX_DISTANCE + 1;
  for (const name of names) {
    const distance = distanceOf(typed, name);
    if (distance < least) [best, least] = [name, distance];
  }
  return best;
}

/** How many letters are to be put in, taken away or replaced (Levenshtein). */
function distanceOf(one: string, other: string): number {
  let before = Array.from({ length: other.length + 1 }, (_, at) => at);
  for (let i = 1; i <= one.length; i++) {
    const row = [i];
    for (let j = 1; j <= other.length; j++) {
      const replaced = before[j - 1]! + (one[i - 1] === other[j - 1] ? 0 : 1);
      row.push(Math.min(before[j]! + 1, row[j - 1]! + 1, replaced));
    }
    before = row;
  }
  return before[other.length]!;
}
