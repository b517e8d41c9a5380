/**
 * State that only some calls have.
 *
 * @module
 */

import type { CallWatch } from "../../rpc/calling/call_watch.ts";
import type { Timer } from "../../runtime/clock.ts";
import type { AnswerMetadata } from "../../session/frames/answer_metadata.ts";
import type { CallAttempts } from "./call_attempts.ts";
import type { Hedge } from "./hedge.ts";

/** What a call has besides, made when it is needed. */
export class CallExtra {
  /** The signal, span and trace, if there are any. */
  watch: CallWatch | null = null;
  /** The attempts that have failed, here and in other calls of the same hedge. */
  attempts: CallAttempts | null = null;
  /** The hedge it is part of. */
  hedge: Hedge | null = null;
  /** The timer of the next attempt. */
  timer: Timer | null = null;
  /** Whether this side has ended the call, so that it does not count against a replica. */
  isGivenUp = false;
  /** The number of the current attempt. */
  attempt = 1;
  /** When that was sent; `-Infinity` if when the call was made. */
  sentMs: number = -Infinity;
  /** Whether its last attempt was traced already. */
  isTraced = false;
  /** What came with the answer to its last attempt; `null` if the caller wants no metadata. */
  metadata: AnswerMetadata | null = null;
}
