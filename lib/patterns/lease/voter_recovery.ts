/**
 * How a voter that knows nothing takes part.
 *
 * @module
 */

import type { Clock } from "../../runtime/clock.ts";
import { pause } from "../../runtime/pause.ts";
import { majorityOf } from "../gather/majority.ts";
import type { LearnReply } from "./lease_contracts.ts";
import type { Voter } from "./voter.ts";

/** For so many times of a lease a voter that starts is silent: clocks may differ by up to a twentieth. */
export const SILENT_SHARE = 1.1;
/** After so much of it the others are asked again. */
const AGAIN_SHARE = 0.05;

/** What {@linkcode recover} needs. */
export interface Recovery {
  readonly voter: Voter;
  readonly clock: Clock;
  readonly ttlMs: number;
  /** How many voters there are, this one included. */
  readonly count: number;
  /** Asks all others; those that do not answer within a part of a lease's time are left out. */
  readonly learn: () => Promise<readonly LearnReply[]>;
  /** Is told that no majority has a memory: that of a first start, or one whose voters have died. */
  readonly onSeeded: (highest: number) => void;
  readonly signal: AbortSignal;
}

/**
 * Waits, learns, votes. Two things may have been lost, and each has its cure:
 *
 * - **The grants** of an earlier process of this voter have run out when it
 *   has been silent for a lease's time.
 * - **The tokens** it learns from a majority of all voters that vote. Each
 *   token *a* of a lease that was held was confirmed by a majority M. A voter of M
 *   that died afterwards learns no less than a lease's time later, and an
 *   attempt to gain takes at most half of one: so *a* was complete before. Each majority
 *   has a voter in common with M, which still knows *a*, or has learned since:
 *   by induction over the order in which learnings end, it knows *a* or a
 *   higher one.
 *
 * If more than `count - majority` voters are blank at one time, no majority
 * that votes can come again by itself. Each blank voter was so when it began
 * to ask, since that takes less than the time for which each was silent
 * before. Then tokens go on from the highest that anybody knows, and from the wall
 * clocks, in milliseconds, that the blank voters have read when they started:
 * they are above all earlier tokens if these clocks are less than half a lease's
 * time apart, and were not set back.
 */
export async function recover(recovery: Recovery): Promise<void> {
  const { voter, clock, ttlMs, count, learn, onSeeded, signal } = recovery;
  const majority = majorityOf(count);
  await pause(clock, ttlMs * SILENT_SHARE, signal);
  voter.endSilence();
  while (!signal.aborted) {
    const replies = await learn();
    if (signal.aborted) return;
    const own = voter.learn().highest;
    const voting = replies.filter(({ state }) => state === "voting");
    const blank = replies.filter(({ state }) => state === "blank");
    if (voting.length >= majority) return voter.startVoting(highestOf(voting, 0));
    if (blank.length + 1 > count - majority) {
      const highest = highestOf([...voting, ...blank], own);
      onSeeded(highest);
      return voter.startVoting(highest);
    }
    await pause(clock, ttlMs * AGAIN_SHARE, signal);
  }
}

function highestOf(replies: readonly LearnReply[], least: number): number {
  return replies.reduce((highest, reply) => Math.max(highest, reply.highest), least);
}
