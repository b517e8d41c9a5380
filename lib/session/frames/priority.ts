/**
 * How urgent a call is.
 *
 * @module
 */

/** How urgent a call is: where there is too much to do, `"high"` goes first and `"low"` is refused first. */
export type CallPriority = "high" | "normal" | "low";

/** The priorities as the numbers that are sent, and by which lanes and gates know them. */
export const Priority = { normal: 0, high: 1, low: 2 } as const;

/** Their names, by number. */
export const PRIORITIES: readonly CallPriority[] = ["normal", "high", "low"];
