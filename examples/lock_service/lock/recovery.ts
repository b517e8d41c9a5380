/**
 * How a voter that has lost its memory takes part again.
 *
 * @module
 */

import type { LockTable } from "./lock_table.ts";
import { askMajority } from "./majority.ts";
import type { KeyToken, Peer } from "./peer.ts";
import type { Time } from "./time.ts";

/** What {@linkcode recover} needs. */
export interface RecoveryOptions {
  table: LockTable;
  /** The other nodes, without this one. */
  others: readonly Peer[];
  /** A majority of all nodes, this one included. */
  majority: number;
  lifetimeMs: number;
  time: Time;
  /** Gives up when it aborts. */
  signal?: AbortSignal;
}

const ASK_AGAIN_MS = 100;

/** A tenth more than a lifetime, for the clock of this life may run faster than that of the former. */
const ABSTAIN_LIFETIMES = 1.1;

/**
 * Abstains, learns, votes. Two things were lost, and each has its cure:
 *
 * - **The leases.** Whatever the former self granted or refreshed has run out
 *   after one lifetime. So the voter abstains for one lifetime.
 * - **The tokens.** After that it asks the others for theirs, and starts to
 *   vote when a majority *of all nodes* has answered that vote themselves.
 *   That finds each token *a* under which anyone may hold, or has held, a
 *   lock: let M be the majority that confirmed *a*. A node of M that died
 *   after it confirmed cannot have learned again before *a* was complete,
 *   since an attempt takes at most half a lifetime by its owner's clock (see
 *   quorum_lock.ts) and learning starts no less than a whole one after the
 *   restart. So each learning that matters starts when all of M has confirmed.
 *   It hears a majority, thus a member of M, and that member either is in the
 *   life in which it confirmed, or has learned since: by induction over the
 *   order in which learnings end, it knows *a* or a higher one.
 *
 * The same holds for whoever asks a majority for a lock after *a* was
 * complete: its token will be higher than *a*. The assumption is that clocks
 * run at rates less than a tenth apart; they need not show the same time. While
 * so many are without memory at once that no majority is left, nobody can lock
 * and nobody learns: safe, but stuck.
 */
export async function recover(options: RecoveryOptions): Promise<void> {
  const { table, others, majority, lifetimeMs, time, signal } = options;
  await time.sleep(ABSTAIN_LIFETIMES * lifetimeMs, signal);
  for (;;) {
    const replies = await askMajority(
      others,
      majority,
      (peer) => peer.learn(),
      (reply) => reply.voting,
    );
    signal?.throwIfAborted();
    if (replies !== undefined) {
      const learned: KeyToken[] = replies.flatMap((reply) => reply.tokens);
      table.startVoting(learned);
      return;
    }
    await time.sleep(ASK_AGAIN_MS, signal);
  }
}
