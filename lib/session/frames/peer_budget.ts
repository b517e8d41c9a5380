/**
 * What the peer accepts.
 *
 * @module
 */

import { InternodeError } from "../../errors.ts";
import { INTERACTIVE_BYTES } from "../../wire/frame.ts";
import { largestMessage, MAX_CALLS, MAX_FRAGMENT_BYTES, messageCost } from "../../wire/limits.ts";
import { protocolError } from "./wire_error.ts";

/** The limits in the peer's hello. */
export interface PeerLimits {
  /** The largest message. */
  readonly maxMessageBytes: number;
  /** The largest fragment. */
  readonly maxFragmentBytes: number;
  /** How many bytes may be in flight to it or unconsumed. */
  readonly receiveBudgetBytes: number;
  /** How many bytes of one stream. */
  readonly streamBudgetBytes: number;
  /** How many calls. */
  readonly maxCalls: number;
}

/**
 * Every message takes its bytes from the window before its first frame is sent,
 * so a message that has begun can always be finished.
 */
export class PeerBudget {
  /** How many bytes the peer accepts now. */
  window = 0;
  /** The limits of the peer; 0 until the handshake is done. */
  limits: PeerLimits = NOTHING_TAKEN;

  /** How many messages of a stream the peer may accept at a time; `undefined`: as many as at first, as its windows do not grow. */
  maxStreamCredit: number | undefined = undefined;

  /** Messages up to this size go into the batch at once; larger ones are sent by the bulk lane. */
  interactiveBytes = 0;

  /** The handshake is done. This side does not use more than it supports. */
  open(limits: PeerLimits): void {
    const { maxMessageBytes, receiveBudgetBytes, streamBudgetBytes } = limits;
    const maxFragmentBytes = Math.min(limits.maxFragmentBytes, MAX_FRAGMENT_BYTES);
    const maxCalls = Math.min(limits.maxCalls, MAX_CALLS);
    // Copied, so that the hello is not kept in memory.
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

  /** Takes a message with a payload of that size from the window, if it fits. */
  reserve(bytes: number): boolean {
    const cost = messageCost(bytes);
    if (cost > this.window) return false;
    this.window -= cost;
    return true;
  }

  /**
   * How many bytes a message of a stream may cost now; if 0 or less, none may
   * be sent. Streams leave a quarter of the budget to requests and responses,
   * so that readers that have stopped reading never block them. A message that
   * is too large for that is sent when hardly anything else is in flight.
   */
  get streamLimitBytes(): number {
    const { window } = this, { receiveBudgetBytes } = this.limits;
    const isIdle = window > receiveBudgetBytes - receiveBudgetBytes / 8;
    return isIdle ? window : window - receiveBudgetBytes / 4;
  }

  /** Gives back what was reserved for a message of which nothing was sent. */
  takeBack(payloadBytes: number): void {
    // A peer may have given back what it never got; the window never exceeds the budget.
    const window = this.window + messageCost(payloadBytes);
    this.window = Math.min(window, this.limits.receiveBudgetBytes);
  }

  /** The peer has given bytes back. */
  giveBack(bytes: number): void {
    this.window += bytes;
    if (this.window > this.limits.receiveBudgetBytes) {
      throw protocolError(`The peer gave back ${bytes} bytes of its budget that were not in use.`);
    }
  }

  /** Refuses a message that is larger than the peer accepts, before anything is sent. */
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
