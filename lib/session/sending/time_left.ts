/**
 * Deadlines on the wire.
 *
 * @module
 */

import type { TimeLeft } from "../../wire/batch_seal.ts";
import { NO_TIMEOUT } from "../../wire/frame.ts";
import type { OutgoingCallTable } from "./outgoing_call_table.ts";

const SHORT_MS = 2 ** 30;

/** The time left until a deadline, as a frame's `argument`. */
export function timeoutArgument(deadlineMs: number, nowMs: number): number {
  const leftMs = deadlineMs - nowMs;
  // Nearly all are that short; for larger numbers V8 would make an object.
  if (leftMs > 0 && leftMs < SHORT_MS) return Math.ceil(leftMs) | 0;
  if (deadlineMs === Infinity) return NO_TIMEOUT;
  return Math.max(0, Math.min(Math.ceil(leftMs), NO_TIMEOUT - 1));
}

/** Returns how much time calls have left; 0 for calls that have ended here, so that no handler begins. */
export function timeLeftOf(calls: OutgoingCallTable): TimeLeft {
  return (id, nowMs) => {
    const call = calls.get(id);
    const isOver = call === null || call.state === "abandoned";
    return isOver ? 0 : timeoutArgument(call.deadlineMs, nowMs);
  };
}
