/**
 * What several measurements come to.
 *
 * @module
 */

/** The middle one; of an even number the upper of the two. `NaN` for none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? NaN;
}
