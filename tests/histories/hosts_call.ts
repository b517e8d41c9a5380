/**
 * One call of a history whose lists of hosts change, and whether its end can be true.
 *
 * @module
 */

import { InternodeError } from "@internode/grid";

/** What one does the other has heard by then, also over a slow link. */
const NEWS_MS = 1_500;

/** One call. */
export interface Call {
  readonly id: number;
  readonly from: number;
  readonly to: number;
  /** Which life of the caller made it. */
  readonly life: number;
  readonly waits: boolean;
  readonly startMs: number;
  readonly wasListed: boolean;
  runs: number;
  endings: number;
  /** `undefined`: it ended well. */
  failure: unknown;
}

/** What happened beside a call. */
export interface Circumstances {
  readonly hasFaults: boolean;
  /** Whether hosts are admitted that are not listed. */
  readonly admits: boolean;
  /** When a node has last taken another off its list. */
  readonly leftMs: readonly (readonly number[])[];
  /** Whether its caller has died. */
  readonly isLost: boolean;
}

/** Throws if the call ended in a way that cannot be. */
export function judgeCall(call: Call, { hasFaults, admits, leftMs, isLost }: Circumstances): void {
  const { id, from, to, runs, endings, failure } = call;
  const bad = (what: string): never => {
    throw new Error(`call ${id} from ${from} to ${to}, run ${runs} times, ${what}: ${failure}`, {
      cause: failure,
    });
  };
  if (runs > 1) bad("ran twice");
  if (isLost) return;
  if (endings !== 1) bad(`ended ${endings} times`);
  if (failure === undefined) return runs === 1 ? undefined : bad("was answered without a run");
  if (!(failure instanceof InternodeError)) return bad("failed in a way of its own");
  const { code, outcome } = failure;
  if (outcome === "executed" && runs === 0) bad("did not run");
  if ((outcome === "notSent" || outcome === "notExecuted") && runs > 0) bad("did run");
  // One that has parted may not have heard of it when it made the call.
  const sinceMs = call.startMs - NEWS_MS;
  const changed = Math.max(leftMs[from]![to]!, leftMs[to]![from]!) >= sinceMs;
  switch (code) {
    case "NotListed":
      if (outcome !== "notSent") bad("was sent");
      if (call.wasListed && leftMs[from]![to]! < sinceMs) bad("was listed");
      return;
    case "GoingAway":
      // Calls under way that a renewal has outlasted are no part of this: its grace time is longer.
      return changed || admits && hasFaults ? undefined : bad("stayed on the lists");
    case "Unreachable":
      if (call.waits) bad("was to wait");
      return;
    case "DeadlineExceeded":
      return;
    case "Disconnected":
      if (!hasFaults && !changed) bad("had no faults");
      return;
    default:
      bad("failed as nothing here fails");
  }
}
