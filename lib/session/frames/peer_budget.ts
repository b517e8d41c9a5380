/**
 * What the peer takes.
 *
 * @module
 */

import { InternodeError } from "../../errors.ts";
import { INTERACTIVE_BYTES } from "../../wire/frame.ts";
import { largestMessage, MAX_CALLS, MAX_FRAGMENT_BYTES, messageCost } from "../../wire/limits.ts";
import { protocolError } from "./wire_error.ts";

/** What the peer takes in general, as its hello said. */
export interface PeerLimits {
  /** The largest message. */
  readonly maxMessageBytes: number;
  /** The largest fragment. */
  readonly maxFragmentBytes: number;
  /** How many bytes may be on their way to it or unconsumed. */
  readonly receiveBudgetBytes: number;
  /** How many bytes of one stream. */
  readonly streamBudgetBytes: number;
  /** How many calls. */
  readonly maxCalls: number;
}

/**
 * Every message's bytes are taken off the window before its first frame is
 * sent; a message begun can therefore always be finished.
 */
export class PeerBudget {
  /** How many bytes the peer takes at the moment. */
  window = 0;
  /** What the peer takes in general; nothing until the handshake is done. */
  limits: PeerLimits = NOTHING_TAKEN;

  /** Messages up to this size go into the batch at once; larger ones take turns in the bulk lane. */
  interactiveBytes = 0;

  /** The handshake is done. What the peer takes beyond what this side can do is not made use of. */
  open(limits: PeerLimits): void {
    const { maxMessageBytes, receiveBudgetBytes, streamBudgetBytes } = limits;
    const maxFragmentBytes = Math.min(limits.maxFragmentBytes, MAX_FRAGMENT_BYTES);
    const maxCalls = Math.min(limits.maxCalls, MAX_CALLS);
    // One by one, as the hello they are part of is not worth keeping.
    this.limits = {
      maxMessageBytes,
      maxFragmentBytes,
      receiveBudgetBytes,
      streamBudgetBytes,
      maxCalls,
    };
    this.window = receiveBudgetBytes;
    this.interactiveBytes = Math.min(INTERACTIVE_BYTES, maxFragmentBytes, maxMessageBytes);
  }

  /** Takes a message with a payload of so many bytes off the window, if it fits. */
  reserve(bytes: number): boolean {
    const cost = messageCost(bytes);
    if (cost > this.window) return false;
    this.window -= cost;
    return true;
  }

  /**
   * How many bytes a message of a stream may cost at the moment; 0 or less:
   * none may be sent. Streams leave a quarter of the budget to requests and
   * answers, so that readers which have stopped reading never stop those. A
   * message too large for that goes when next to nothing else is under way.
   */
  get streamLimitBytes(): number {
    const { window } = this, { receiveBudgetBytes } = this.limits;
    const isIdle = window > receiveBudgetBytes - receiveBudgetBytes / 8;
    return isIdle ? window : window - receiveBudgetBytes / 4;
  }

  /** What was taken off for a message is not needed, as nothing of it was sent. */
  takeBack(payloadBytes: number): void {
    // A peer may have given back what it never got; that is no room of its own beside this.
    const window = this.window + messageCost(payloadBytes);
    this.window = Math.min(window, this.limits.receiveBudgetBytes);
  }

  /** The peer has given so many bytes back. */
  giveBack(bytes: number): void {
    this.window += bytes;
    if (this.window > this.limits.receiveBudgetBytes) {
      throw protocolError(`The peer gave back ${bytes} bytes of its budget that were not in use.`);
    }
  }

  /** A message larger than the peer takes is refused here, before anything of it is sent. */
  checkSize(bytes: number): void {
    const { maxMessageBytes, receiveBudgetBytes } = this.limits;
    const limit = Math.min(maxMessageBytes, largestMessage(receiveBudgetBytes));
    if (bytes <= limit) return;
    throw new InternodeError(
      "MessageTooLarge",
      `A message of ${bytes} bytes is over the peer's maxMessageBytes of ${limit}. ` +
        "Send it as a stream of smaller ones, or raise the limit there.",
      { origin: "caller", outcome: "notSent" },
    );
  }
}

const NOTHING_TAKEN: PeerLimits = {
  maxMessageBytes: 0,
  maxFragmentBytes: 1024,
  receiveBudgetBytes: 0,
  streamBudgetBytes: 0,
  maxCalls: 0,
};
