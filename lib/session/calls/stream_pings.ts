/**
 * Pings that ask after one stream.
 *
 * @module
 */

import { InternodeError } from "../../errors.ts";
import { FrameType } from "../../wire/frame.ts";
import type { CallerSide } from "./caller_side.ts";
import { OpenedStream } from "./opened_stream.ts";
import type { Outbox } from "../sending/outbox.ts";

/** So many pings in a row without an answer show that the peer has forgotten a stream. */
const MAX_QUIET_PINGS = 4;

/** Asks after streams that were quiet for a while; one that the peer stays silent about is lost. */
export function pingStreams(caller: CallerSide, outbox: Outbox): void {
  for (const call of caller.calls) {
    if (!(call instanceof OpenedStream) || call.state !== "sent") continue;
    if (call.quietPings >= MAX_QUIET_PINGS) {
      const message = `The peer gave no sign of this stream after ${MAX_QUIET_PINGS} pings.`;
      const error = new InternodeError("Disconnected", message, {
        origin: "remote",
        outcome: "maybeExecuted",
      });
      caller.cancel(call, error, "Cancelled", outbox.nowMs);
    } else if (call.quietPings++ > 0) {
      outbox.control(FrameType.ping, call.id, 0);
    }
  }
}
