/**
 * A stream on the side whose handler serves it.
 *
 * @module
 */

import type { ByteReader } from "../../wire/byte_reader.ts";
import { IncomingCall } from "./incoming_call_table.ts";
import type { MessageSink, ReceiveHalf } from "./receive_half.ts";
import type { SendHalf } from "../sending/send_half.ts";

/** A stream that the peer has opened. */
export abstract class AcceptedStream extends IncomingCall implements MessageSink {
  /** The direction to the caller, if there is one. */
  send: SendHalf | null = null;
  /** The direction from the caller, if there is one. */
  receive: ReceiveHalf | null = null;

  /** A message of the caller. The payload is valid during this call only. */
  abstract onMessage(kind: number, reader: ByteReader): void;
  /** The caller sends no more. */
  abstract onEnd(): void;

  /** Ends both directions. */
  close(error: unknown): void {
    this.send?.abandon(error);
    this.receive?.close();
  }
}
