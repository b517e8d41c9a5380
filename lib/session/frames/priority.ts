/**
 * How urgent a call is.
 *
 * @module
 */

/** How urgent a call is: where there is too much to do, `"high"` goes first and `"low"` is refused first. */
export type CallPriority = "high" | "normal" | "low";

/** The priorities as the numbers by which lanes and gates know them, the most urgent first. */
export const Priority = { high: 0, normal: 1, low: 2 } as const;

/** Their names, by number. */
export const PRIORITIES: readonly CallPriority[] = ["high", "normal", "low"];
