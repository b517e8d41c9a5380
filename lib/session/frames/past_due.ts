/**
 * Deadlines of calls in slots.
 *
 * @module
 */

/** Something with a deadline, on the session's clock; `Infinity`: never. */
interface Timed {
  readonly deadlineMs: number;
}

/**
 * Looks through all slots: cheaper than a timer for each call, as it is done
 * only when the earliest deadline known has come.
 *
 * @param slots The calls; `null` in free slots.
 * @param expired Where those whose time has run out are added.
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
