/**
 * What a stream's direction has to send, and what its receiver takes.
 *
 * @module
 */

import { Fifo } from "../../wire/fifo.ts";
import { protocolError } from "../frames/wire_error.ts";
import type { QueuedMessage, QueuedStream } from "./queued_message.ts";

/** A message that was handed over but waits for credit or room. */
export interface WaitingMessage {
  /** The message, or the frame that ends the direction. */
  readonly message: QueuedMessage;
  /** Called when it is on its way. */
  onAccepted: () => void;
  /** Called instead when the stream ended first. */
  onRefused: (error: unknown) => void;
}

/**
 * The state of a sending direction. It calls nobody: the send scheduler works
 * out how many bytes the direction may write, and takes them.
 */
export class StreamQueue implements QueuedStream {
  /** The stream's id. */
  id = -1;
  /** The sequence number of the next message: how many there have been. */
  sequence = 0;
  /** Whether the direction has ended, or is to end behind what waits. */
  ended = false;
  /** How many messages the receiver takes at the moment. */
  credit: number;
  /** How many bytes are under way or not consumed. */
  unackedBytes = 0;
  /** The frame type of its messages. */
  readonly type: number;

  readonly #capacity: number;
  #waiting: Fifo<WaitingMessage> | null = null;
  #queue: Fifo<QueuedMessage> | null = null;

  /**
   * @param type `FrameType.input` or `FrameType.output`.
   * @param credit How many messages the receiver takes at first.
   */
  constructor(type: number, credit: number) {
    this.type = type;
    this.credit = this.#capacity = credit;
  }

  /** Whether messages of this stream are in the bulk lane, so that others have to queue behind them. */
  get queued(): boolean {
    return this.#queue !== null && this.#queue.length > 0;
  }

  /** How many messages wait for credit or room. */
  get waiting(): number {
    return this.#waiting === null ? 0 : this.#waiting.length;
  }

  /** A message that costs so many bytes is being sent. */
  take(cost: number): void {
    this.credit--;
    this.sequence = (this.sequence + 1) >>> 0;
    this.unackedBytes += cost;
  }

  /**
   * The receiver takes more messages, and has consumed so many bytes.
   *
   * @throws {InternodeError} `ProtocolError` if that is more than was in use.
   */
  addCredit(messages: number, bytes: number): void {
    if (bytes > this.unackedBytes || this.credit + messages > this.#capacity) {
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

  /** Takes that message out. */
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
