/**
 * A stream on the side that opened it.
 *
 * @module
 */

import type { ByteReader } from "../../wire/byte_reader.ts";
import { encodeMetadata, type Metadata } from "../frames/metadata.ts";
import { OutgoingCall } from "../sending/outgoing_call_table.ts";
import type { MessageSink, ReceiveHalf } from "./receive_half.ts";
import { protocolError } from "../frames/wire_error.ts";
import type { SendHalf } from "../sending/send_half.ts";

/** A stream that this side has opened. It ends exactly once: with `onEnd` for a clean end, with `onError` for any other. */
export abstract class OpenedStream extends OutgoingCall implements MessageSink {
  /** The direction to the handler, if there is one. */
  send: SendHalf | null = null;
  /** The direction from the handler, if there is one. */
  receive: ReceiveHalf | null = null;
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
