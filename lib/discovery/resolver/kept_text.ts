/**
 * What becomes of endpoints while a resolver fails.
 *
 * @module
 */

/**
 * The sentence that says that endpoints stay in use, or that there are none.
 *
 * @param count How many are known.
 */
export function keptText(count: number): string {
  if (count === 0) return "There are no endpoints until then.";
  return count === 1
    ? "The last endpoint stays in use."
    : `The last ${count} endpoints stay in use.`;
}
