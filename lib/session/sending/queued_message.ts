/**
 * A message that waits to be sent.
 *
 * @module
 */

import type { LendingPool } from "../../wire/lending_pool.ts";
import type { OutgoingCall } from "./outgoing_call_table.ts";

/** The sending direction of a stream, as lanes see it. */
export interface SendingStream {
  /** The stream's id. */
  readonly id: number;
  /** The frame type of its messages. */
  readonly type: number;
  /** The sequence number of the next message. */
  readonly sequence: number;
  /** Whether the direction has ended, or is to end behind what waits. */
  readonly ended: boolean;
  /** Whether messages of this stream are in the bulk lane, so that others have to queue behind them. */
  readonly queued: boolean;
  /** Whether a message of that size may leave now. */
  maySend(bytes: number): boolean;
  /** A message of that size leaves. */
  take(bytes: number): void;
  /** Sends a message, at once or behind those in the bulk lane. */
  transmit(message: QueuedMessage): void;
  /** The first message in the bulk lane has left. */
  onTransmitted(): void;
  /** Gives up what is in the bulk lane. */
  discardQueue(): void;
  /** Sends what waits, as far as it may. */
  pump(): void;
}

/** A message too large for the interactive lane, or that waits for something, with its payload already encoded. */
export class QueuedMessage {
  /** The frame type of its first frame. */
  readonly type: number;
  /** The flags of its first frame. */
  readonly flags: number;
  /** The `code` of its first frame. */
  readonly code: number;
  /** The call. */
  readonly id: number;
  /** The `argument` of its first frame, where neither `call` nor its place in `half` decides it. */
  argument: number;
  /** What is to be sent; it must stay untouched until it has been. */
  payload: Uint8Array<ArrayBuffer>;
  /** The call it begins, whose time left is its argument; else `null`. */
  readonly call: OutgoingCall | null;
  /** The stream direction it belongs to; else `null`. */
  readonly half: SendingStream | null;
  /** How many bytes the payload has, as long as nobody takes them away. */
  readonly totalBytes: number;
  /** How many bytes of the payload have been sent. */
  sent = 0;
  /** Whether its bytes are taken off the peer's budget already. */
  reserved = false;
  /** Whether it is not to be sent (any more). */
  dropped = false;
  /** Where the payload's memory goes when it is not needed any more; `null`: it is its user's. */
  lending: LendingPool | null = null;

  /** Each parameter is the field of the same name. */
  constructor(
    type: number,
    flags: number,
    code: number,
    id: number,
    argument: number,
    payload: Uint8Array<ArrayBuffer>,
    call: OutgoingCall | null,
    half: SendingStream | null,
  ) {
    this.type = type;
    this.flags = flags;
    this.code = code;
    this.id = id;
    this.argument = argument;
    this.payload = payload;
    this.call = call;
    this.half = half;
    this.totalBytes = payload.length;
  }

  /** Whether the payload's owner has sent its buffer elsewhere or made it shorter, although it was to be left alone. */
  get isLost(): boolean {
    return this.payload.length !== this.totalBytes;
  }

  /** The payload is not needed any more. */
  releasePayload(): void {
    this.lending?.takeBack(this.payload);
    this.payload = NOTHING;
  }
}

const NOTHING = new Uint8Array(0);
