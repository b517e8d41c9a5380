/**
 * A message that waits to be sent.
 *
 * @module
 */

import type { LendingPool } from "../../wire/lending_pool.ts";
import type { OutgoingCall } from "./outgoing_call_table.ts";

/** The messages of a stream in the bulk lane: the first is in the lane itself, the others in the queue of the stream. */
export interface QueuedStream {
  /** How urgent it is, one of `Priority`. */
  readonly priority: number;
  /** Removes the first one; `undefined` if there is none. */
  shiftQueued(): QueuedMessage | undefined;
  /** The first one. */
  firstQueued(): QueuedMessage | undefined;
}

/** A message that is too large for the interactive lane, or that waits, with its payload already encoded. */
export class QueuedMessage {
  /** The frame type of its first frame. */
  readonly type: number;
  /** The flags of its first frame. */
  readonly flags: number;
  /** The `code` of its first frame. */
  readonly code: number;
  /** The call. */
  readonly id: number;
  /** The `argument` of its first frame, if neither `call` nor `stream` determines it. */
  argument: number;
  /** The bytes to send; they must not change until then. */
  payload: Uint8Array<ArrayBuffer>;
  /** The call that it begins, whose time left is its argument; `null` if it begins none. */
  readonly call: OutgoingCall | null;
  /** The stream direction that it belongs to; `null` if there is none. */
  readonly stream: QueuedStream | null;
  /** The original size of the payload. */
  readonly totalBytes: number;
  /** How many bytes of the payload have been sent. */
  sent = 0;
  /** Whether its bytes are reserved in the peer's budget. */
  reserved = false;
  /** Whether it was dropped. */
  dropped = false;
  /** Takes back the payload's memory after use; `null` if it stays with its user. */
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

  /** How urgent it is: as its call, or its stream. Responses are like calls without a priority. */
  get priority(): number {
    return this.call?.priority ?? this.stream?.priority ?? 0;
  }

  /** Whether the payload's owner has transferred or shrunk its buffer meanwhile. */
  get isLost(): boolean {
    return this.payload.length !== this.totalBytes;
  }

  /** Releases the payload. */
  releasePayload(): void {
    this.lending?.takeBack(this.payload);
    this.payload = NOTHING;
  }
}

const NOTHING = new Uint8Array(0);
