/**
 * The waiting messages of a stream's direction, and its credit.
 *
 * @module
 */

import { Fifo } from "../../wire/fifo.ts";
import { protocolError } from "../frames/wire_error.ts";
import type { QueuedMessage, QueuedStream } from "./queued_message.ts";

/** A message that was taken and has not left. */
export interface TakenInput {
  /** Called when it is sent. */
  onAccepted: () => void;
  /** Called instead if the stream ends first. */
  onRefused: (error: unknown) => void;
}

/** A message that waits for credit or room. */
export interface WaitingMessage extends TakenInput {
  /** The message, or the frame that ends the direction. */
  readonly message: QueuedMessage;
}

/**
 * The state of a sending direction. It makes no calls itself: the send
 * scheduler computes how many bytes the direction may send, and takes them.
 */
export class StreamQueue implements QueuedStream {
  /** The stream's id. */
  id = -1;
  /** How urgent it is, one of `Priority`. */
  priority = 0;
  /** The sequence number of the next message: how many were sent. */
  sequence = 0;
  /** Whether the direction has ended, or ends after the waiting messages. */
  ended = false;
  /** How many messages the receiver accepts now. */
  credit: number;
  /** How many bytes are in flight or not consumed. */
  unackedBytes = 0;
  /** How many of them the receiver has allowed beyond what the rules allow any stream; 0 for none. */
  windowBytes = 0;
  /** The frame type of its messages. */
  readonly type: number;

  readonly #capacity: number;
  #waiting: Fifo<WaitingMessage> | null = null;
  #queue: Fifo<QueuedMessage> | null = null;

  /**
   * @param type `FrameType.input` or `FrameType.output`.
   * @param credit How many messages the receiver accepts at first.
   */
  constructor(type: number, credit: number) {
    this.type = type;
    this.credit = this.#capacity = credit;
  }

  /** Whether messages of this stream are in the bulk lane, so that later ones must wait for them. */
  get queued(): boolean {
    return this.#queue !== null && this.#queue.length > 0;
  }

  /** How many messages wait for credit or room. */
  get waiting(): number {
    return this.#waiting === null ? 0 : this.#waiting.length;
  }

  /** How much waits here to be sent: for credit, for room, or in the bulk lane. */
  get queuedLoad(): { readonly messages: number; readonly bytes: number } {
    let messages = 0, bytes = 0;
    for (const queue of [this.#waiting ?? [], this.#queue ?? []]) {
      for (const each of queue) {
        const message = "message" in each ? each.message : each;
        // What ends the direction is no message.
        if (message.type !== this.type) continue;
        messages++;
        bytes += message.totalBytes - message.sent;
      }
    }
    return { messages, bytes };
  }

  /** A message of that cost is being sent. */
  take(cost: number): void {
    this.credit--;
    this.sequence = (this.sequence + 1) >>> 0;
    this.unackedBytes += cost;
  }

  /**
   * The receiver accepts more messages, and has consumed bytes.
   *
   * @param maxCredit How many messages it may accept at a time. Default: as many as at first.
   * @throws {InternodeError} `ProtocolError` if that is more than was in use.
   */
  addCredit(messages: number, bytes: number, maxCredit: number = this.#capacity): void {
    if (bytes > this.unackedBytes || this.credit + messages > maxCredit) {
      throw protocolError(
        `The peer gave back credit that was not in use: ${messages} messages and ${bytes} bytes.`,
      );
    }
    this.credit += messages;
    this.unackedBytes -= bytes;
  }

  /** Keeps a message until there is credit and room for it. */
  wait(waiting: WaitingMessage): void {
    (this.#waiting ??= new Fifo()).push(waiting);
  }

  /** The message that has waited longest; `undefined` when none waits. */
  firstWaiting(): WaitingMessage | undefined {
    return this.#waiting?.peek();
  }

  /** Removes that message. */
  shiftWaiting(): WaitingMessage | undefined {
    return this.#waiting?.shift();
  }

  /** Adds a message to those of the bulk lane. Returns whether it is the first, which goes into the lane itself. */
  enqueue(message: QueuedMessage): boolean {
    const queue = this.#queue ??= new Fifo();
    queue.push(message);
    return queue.length === 1;
  }

  /** See {@linkcode QueuedStream}. */
  shiftQueued(): QueuedMessage | undefined {
    return this.#queue?.shift();
  }

  /** See {@linkcode QueuedStream}. */
  firstQueued(): QueuedMessage | undefined {
    return this.#queue?.peek();
  }
}

/**
 * Waits until a message is sent. A function of its own, because a function
 * that makes a closure allocates memory at each call.
 */
export function accepted(waiting: TakenInput): Promise<void> {
  return new Promise((resolve, reject) => {
    waiting.onAccepted = resolve;
    waiting.onRefused = reject;
  });
}
