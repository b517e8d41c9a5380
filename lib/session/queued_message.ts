/**
 * A message that waits to be sent.
 *
 * @module
 */

import type { OutgoingCall } from "./outgoing_calls.ts";
import type { SendHalf } from "./send_half.ts";

/** A message too large for the interactive lane, or that waits for something, with its payload already encoded. */
export class QueuedMessage {
  /** How many bytes of the payload have been sent. */
  sent = 0;
  /** Whether its bytes are taken off the peer's budget already. */
  reserved = false;
  /** Whether it is not to be sent (any more). */
  dropped = false;

  /**
   * @param type The frame type of its first frame.
   * @param flags The flags of its first frame.
   * @param code The `code` of its first frame.
   * @param id The call.
   * @param argument The `argument` of its first frame, where neither `call` nor its place in `half` decides it.
   * @param payload What is to be sent; it must stay untouched until it has been.
   * @param call The call it begins, whose time left is its argument; else `null`.
   * @param half The stream direction it belongs to; else `null`.
   */
  constructor(
    readonly type: number,
    readonly flags: number,
    readonly code: number,
    readonly id: number,
    public argument: number,
    public payload: Uint8Array<ArrayBuffer>,
    readonly call: OutgoingCall | null,
    readonly half: SendHalf | null,
  ) {}
}
