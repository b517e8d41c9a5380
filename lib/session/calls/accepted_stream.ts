/**
 * A stream on the side whose handler serves it.
 *
 * @module
 */

import type { ByteReader } from "../../wire/byte_reader.ts";
import { FrameType } from "../../wire/frame.ts";
import { IncomingCall } from "./incoming_call_table.ts";
import { type CreditGranter, type MessageSink, ReceiveHalf } from "./receive_half.ts";
import { SendHalf } from "../sending/send_half.ts";
import type { SendScheduler } from "../sending/send_scheduler.ts";

/** A stream that the peer has opened. */
export abstract class AcceptedStream extends IncomingCall implements MessageSink {
  /** The direction to the caller, if there is one. */
  send: SendHalf | null = null;
  /** The direction from the caller, if there is one. */
  receive: ReceiveHalf | null = null;
  /** See {@linkcode MessageSink}. */
  lends = false;
  /** How urgent it is, one of `Priority`. */
  priority = 0;

  /** A message of the caller. The payload is valid during this call only. */
  abstract onMessage(kind: number, reader: ByteReader): void;
  /** The caller sends no more. */
  abstract onEnd(): void;

  /** Makes the two directions that there are: those with credit. */
  makeHalves(
    granter: CreditGranter,
    scheduler: SendScheduler,
    outputCredit: number,
    inputCredit: number,
  ): void {
    if (outputCredit > 0) {
      this.send = new SendHalf(scheduler, FrameType.output, outputCredit);
      this.send.id = this.id;
      this.send.priority = this.priority;
    }
    if (inputCredit > 0) {
      this.receive = new ReceiveHalf(granter, this.id, FrameType.input, inputCredit, this);
    }
  }

  /** Ends both directions. */
  close(error: unknown): void {
    this.send?.abandon(error);
    this.receive?.close();
  }
}
