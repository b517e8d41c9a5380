/**
 * What parts of many measurements do not exceed.
 *
 * @module
 */

/** The measurement that this part of all does not exceed, from 0 to below 1. `NaN` for none. */
export function quantile(sorted: readonly number[], part: number): number {
  return sorted[Math.floor(sorted.length * part)] ?? NaN;
}
