/**
 * A stream on the side that opened it.
 *
 * @module
 */

import type { ByteReader } from "../../wire/byte_reader.ts";
import { FrameType, PayloadKind } from "../../wire/frame.ts";
import { type AnswerMetadata, takeAnswerMetadata } from "../frames/answer_metadata.ts";
import { encodeMetadata, type Metadata } from "../frames/metadata.ts";
import { OutgoingCall } from "../sending/outgoing_call_table.ts";
import { type CreditGranter, type MessageSink, ReceiveHalf } from "./receive_half.ts";
import { protocolError } from "../frames/wire_error.ts";
import { SendHalf } from "../sending/send_half.ts";
import type { SendScheduler } from "../sending/send_scheduler.ts";

/** A stream that this side has opened. It ends exactly once: with `onEnd` for a clean end, with `onError` for any other. */
export abstract class OpenedStream extends OutgoingCall implements MessageSink {
  /** The direction to the handler, if there is one. */
  send: SendHalf | null = null;
  /** The direction from the handler, if there is one. */
  receive: ReceiveHalf | null = null;
  /** See {@linkcode MessageSink}. */
  lends = false;
  /** How many pings in a row had no answer. */
  unansweredPings = 0;
  /** Called when the opening has left, if that was not at once. */
  whenTransmitted: (() => void) | null = null;

  /** The opening has left, and messages may follow. Before that, it may have waited for a slot or for room. */
  abstract onOpened(): void;
  /** A message of the handler. The payload is valid during this call only. */
  abstract onMessage(kind: number, reader: ByteReader): void;
  /** The handler has ended the stream without an error, and all its messages have arrived. */
  abstract onEnd(): void;

  /**
   * Makes the two directions: the one to the handler when the opening has left.
   *
   * @param outputCredit How many outputs may come at first; 0 if there are none.
   * @param inputCredit The same for inputs.
   */
  makeHalves(
    granter: CreditGranter,
    scheduler: SendScheduler,
    outputCredit: number,
    inputCredit: number,
  ): void {
    if (outputCredit > 0) {
      this.receive = new ReceiveHalf(granter, this.id, FrameType.output, outputCredit, this);
    }
    const opened = (): void => {
      if (inputCredit > 0) {
        this.send = new SendHalf(scheduler, FrameType.input, inputCredit);
        this.send.id = this.id;
        this.send.priority = this.priority;
      }
      this.onOpened();
    };
    // A large opening is sent in fragments; inputs must wait for the last one.
    if (this.state === "sent") opened();
    else this.whenTransmitted = opened;
  }

  /**
   * An output that is metadata has come whole: it counts like any other, and is consumed at once.
   *
   * @param half What has counted it.
   */
  onOutputMetadata(half: ReceiveHalf, kind: number, reader: ByteReader, nowMs: number): void {
    const bytes = reader.remaining, metadata = takeAnswerMetadata(reader);
    if (kind !== PayloadKind.bytes || reader.remaining > 0) {
      throw protocolError("The peer sent an output that is metadata and a value.");
    }
    this.checkMetadata(metadata, half.sequence - 1);
    this.onMetadata(metadata);
    if (half.consumed(bytes)) half.report(nowMs);
    if (metadata.hasTrailers) half.onTrailers();
  }

  /**
   * Checks that the handler may set that now.
   *
   * @param outputs How many outputs have come before. Default: all that have come.
   */
  checkMetadata(metadata: AnswerMetadata, outputs: number = this.receive?.sequence ?? 0): void {
    if (metadata.hasHeaders && outputs > 0) {
      throw protocolError("The peer sent the headers of a stream behind an output.");
    }
    if (metadata.hasTrailers && this.receive !== null && this.receive.hasTrailers) {
      throw protocolError("The peer sent the trailers of a stream twice.");
    }
  }

  /** The last fragment of the opening has left. */
  override onTransmitted(): void {
    this.whenTransmitted?.();
  }

  /** A stream has no single response. */
  override onResponse(): void {
    throw protocolError("The peer answered a stream with a single response.");
  }

  /** Ends both directions. */
  close(error: unknown): void {
    this.send?.abandon(error);
    this.receive?.close();
  }
}

/** The bytes before the payload of an opening: the credits, and the metadata if there is any. */
export function openingPrefix(
  outputCredit: number,
  inputCredit: number,
  metadata: Metadata | null,
): Uint8Array {
  const block = metadata === null ? null : encodeMetadata(metadata);
  const prefix = new Uint8Array(8 + (block === null ? 0 : block.length));
  const view = new DataView(prefix.buffer);
  view.setUint32(0, outputCredit, true);
  view.setUint32(4, inputCredit, true);
  if (block !== null) prefix.set(block, 8);
  return prefix;
}
