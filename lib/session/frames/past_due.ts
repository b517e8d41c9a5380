/**
 * Deadlines of calls in slots.
 *
 * @module
 */

/** Something with a deadline, on the session's clock; `Infinity` if never. */
interface Timed {
  readonly deadlineMs: number;
}

/**
 * Looks through all slots. This is cheaper than a timer for each call, because
 * it happens only when the earliest known deadline has come.
 *
 * @param slots The calls; `null` in free slots.
 * @param expired Receives the calls whose time has run out.
 * @returns The earliest deadline of the others.
 */
export function takePastDue<Call extends Timed>(
  slots: readonly (Call | null)[],
  nowMs: number,
  expired: Call[],
): number {
  let earliestMs = Infinity;
  for (const call of slots) {
    if (call === null) continue;
    if (call.deadlineMs <= nowMs) expired.push(call);
    else earliestMs = Math.min(earliestMs, call.deadlineMs);
  }
  return earliestMs;
}
