/**
 * How long certificates are valid.
 *
 * @module
 */

import type { Validity } from "./authority.ts";

const DAY_MS = 86_400_000;
/** Clocks of other machines may be behind. */
const SLOW_CLOCK_MS = 3_600_000;

/**
 * From a little before now on.
 *
 * @param days For how many days from now.
 * @param until No longer than this. Default: no such limit.
 */
export function validFor(days: number, until?: Date): Validity {
  const nowMs = Date.now();
  const endMs = Math.min(nowMs + days * DAY_MS, until?.getTime() ?? Infinity);
  return { notBefore: new Date(nowMs - SLOW_CLOCK_MS), notAfter: new Date(endMs) };
}
