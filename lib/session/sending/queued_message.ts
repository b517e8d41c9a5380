/**
 * A message that waits to be sent.
 *
 * @module
 */

import type { LendingPool } from "../../wire/lending_pool.ts";
import type { OutgoingCall } from "./outgoing_call_table.ts";

/** The messages of a stream in the bulk lane: the first is in the lane itself, the others queue behind it. */
export interface QueuedStream {
  /** Takes the first one out; `undefined` when there is none. */
  shiftQueued(): QueuedMessage | undefined;
  /** The first one. */
  firstQueued(): QueuedMessage | undefined;
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
  /** The `argument` of its first frame, where neither `call` nor its place in `stream` decides it. */
  argument: number;
  /** What is to be sent; it must stay untouched until it has been. */
  payload: Uint8Array<ArrayBuffer>;
  /** The call it begins, whose time left is its argument; else `null`. */
  readonly call: OutgoingCall | null;
  /** The stream direction it belongs to; else `null`. */
  readonly stream: QueuedStream | null;
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
    stream: QueuedStream | null,
  ) {
    this.type = type;
    this.flags = flags;
    this.code = code;
    this.id = id;
    this.argument = argument;
    this.payload = payload;
    this.call = call;
    this.stream = stream;
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
