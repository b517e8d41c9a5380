/**
 * Pings that check whether the peer still knows a stream.
 *
 * @module
 */

import { InternodeError } from "../../errors.ts";
import { FrameType } from "../../wire/frame.ts";
import type { OutgoingCalls } from "./outgoing_calls.ts";
import { OpenedStream } from "./opened_stream.ts";
import type { SendScheduler } from "../sending/send_scheduler.ts";

/** After how many unanswered pings in a row a stream counts as lost. */
const MAX_UNANSWERED_PINGS = 4;

/** Pings the streams that were idle for a while, and ends those whose pings the peer does not answer. */
export function pingStreams(outgoing: OutgoingCalls, scheduler: SendScheduler): void {
  for (const call of outgoing.calls) {
    if (!(call instanceof OpenedStream) || call.state !== "sent") continue;
    if (call.unansweredPings >= MAX_UNANSWERED_PINGS) {
      const message = `The peer did not answer ${MAX_UNANSWERED_PINGS} pings of this stream.`;
      const error = new InternodeError("Disconnected", message, {
        origin: "remote",
        outcome: "maybeExecuted",
      });
      outgoing.cancel(call, error, "Cancelled", scheduler.nowMs);
    } else if (call.unansweredPings++ > 0) {
      scheduler.control(FrameType.ping, call.id, 0);
    }
  }
}
