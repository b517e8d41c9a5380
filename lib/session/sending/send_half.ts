/**
 * The sending direction of a stream.
 *
 * @module
 */

import type { Codec } from "../../codec/format/codec.ts";
import { Fifo } from "../../wire/fifo.ts";
import { FrameType } from "../../wire/frame.ts";
import { messageCost } from "../../wire/limits.ts";
import type { SendScheduler } from "./send_scheduler.ts";
import { QueuedMessage, type SendingStream } from "./queued_message.ts";
import { protocolError } from "../frames/wire_error.ts";

/** A stream may always have this many bytes under way, however little of the budget is left. */
const MIN_STREAM_BYTES = 64 * 1024;
/** One stream may have this part of what is left of the budget under way. */
const BUDGET_SHARE = 8;

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
 * Messages leave in the order in which they were handed over, each when the
 * receiver has given credit for it and its bytes fit; from then on nothing
 * but the loss of the connection keeps it from arriving. The frame that ends
 * the direction keeps its place behind them.
 *
 * How many bytes may be under way follows the dynamic thresholds of shared
 * buffers (Choudhury and Hahne, 1998): a fixed share of what is free, so that
 * streams which nobody reads leave room for the others.
 */
export class SendHalf implements SendingStream {
  /** The stream's id. */
  id = -1;
  /** The sequence number of the next message: how many there have been. */
  sequence = 0;
  /** Whether the direction has ended, or is to end behind what waits. */
  ended = false;
  /** How many messages the receiver takes at the moment. */
  credit: number;
  /** The frame type of its messages. */
  readonly type: number;

  readonly #scheduler: SendScheduler;
  readonly #capacity: number;
  #unackedBytes = 0;
  #waiting: Fifo<WaitingMessage> | null = null;
  #queue: Fifo<QueuedMessage> | null = null;

  /**
   * @param scheduler Where messages go.
   * @param type `FrameType.input` or `FrameType.output`.
   * @param credit How many messages the receiver takes at first.
   */
  constructor(scheduler: SendScheduler, type: number, credit: number) {
    this.#scheduler = scheduler;
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

  /** Whether a message of that size may go now. */
  maySend(bytes: number): boolean {
    const budget = this.#scheduler.budget;
    const share = Math.floor(budget.window / BUDGET_SHARE);
    return this.credit > 0 && this.waiting === 0 && this.#scheduler.hasRoomForStreams() &&
      budget.hasRoomForStream(bytes) &&
      this.#unackedBytes <
        Math.max(MIN_STREAM_BYTES, Math.min(budget.limits.streamBudgetBytes, share));
  }

  /** Takes note of a message of that size being sent. */
  take(bytes: number): void {
    this.credit--;
    this.sequence = (this.sequence + 1) >>> 0;
    const cost = messageCost(bytes);
    this.#unackedBytes += cost;
    this.#scheduler.budget.window -= cost;
    this.#scheduler.messages++;
  }

  /**
   * Sends a message, or lets it wait.
   *
   * @returns `null` when it is on its way; else the waiting message, whose callbacks the caller may set.
   * @throws {InternodeError} `InvalidPayload` or `MessageTooLarge`; nothing was sent then.
   */
  send<T>(codec: Codec<T>, value: T): WaitingMessage | null {
    const message = this.#scheduler.sendInOrder(this, codec, value);
    if (message === null) return null;
    const waiting: WaitingMessage = { message, onAccepted: NOTHING, onRefused: NOTHING };
    this.#wait(waiting);
    return waiting;
  }

  /**
   * Ends the direction cleanly behind everything handed over so far.
   *
   * @param onEnded Called when that is on its way; not when the stream ended otherwise before.
   */
  end(onEnded: () => void, nowMs: number): void {
    if (this.ended) return;
    this.#scheduler.nowMs = nowMs;
    this.ended = true;
    const message = new QueuedMessage(endType(this.type), 0, 0, this.id, 0, EMPTY, null, this);
    if (this.waiting > 0) {
      this.#waiting!.push({ message, onAccepted: onEnded, onRefused: NOTHING });
    } else {
      this.transmit(message);
      onEnded();
    }
  }

  /** Ends the stream behind everything accepted so far; what waits is refused with `error`. */
  terminate(type: number, code: number, payload: Uint8Array<ArrayBuffer>, error: unknown): void {
    this.refuseWaiting(error);
    this.transmit(new QueuedMessage(type, 0, code, this.id, 0, payload, null, this));
  }

  /** Gives up what waits, and tells who handed it over. What was accepted still goes. */
  refuseWaiting(error: unknown): void {
    this.ended = true;
    const waiting = this.#waiting;
    this.#waiting = null;
    this.#scheduler.bulk.forget(this);
    if (waiting === null) return;
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      next.onRefused(error);
    }
  }

  /** The stream is over: what is accepted but not sent is given up too. */
  abandon(error: unknown): void {
    this.refuseWaiting(error);
    this.discardQueue();
  }

  /** Gives up what is accepted but not sent. */
  discardQueue(): void {
    const queue = this.#queue;
    this.#queue = null;
    if (queue === null) return;
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      this.#scheduler.bulk.discard(next);
    }
    this.#scheduler.useWindow();
  }

  /** The receiver takes more messages, and has consumed so many bytes. */
  onCredit(messages: number, bytes: number): void {
    if (bytes > this.#unackedBytes || this.credit + messages > this.#capacity) {
      throw protocolError(
        `Credit for ${messages} messages and ${bytes} bytes was given back that was not in use.`,
      );
    }
    this.credit += messages;
    this.#unackedBytes -= bytes;
    this.pump();
  }

  /** Sends what waits, as far as it may go now. */
  pump(): void {
    const waiting = this.#waiting;
    if (waiting === null) return;
    // While this runs the queue is out of sight, so that maySend() judges the message alone.
    this.#waiting = null;
    let next = waiting.peek();
    while (next !== undefined) {
      const { message } = next;
      if (message.type === this.type && !this.maySend(message.totalBytes)) break;
      waiting.shift();
      this.transmit(message);
      next.onAccepted();
      next = waiting.peek();
    }
    if (waiting.length > 0) {
      this.#waiting = waiting;
      if (this.credit > 0) this.#scheduler.bulk.stall(this);
    }
  }

  /** Sends a message whose turn has come: into the batch if it is small, unless some before it are in the bulk lane. */
  transmit(message: QueuedMessage): void {
    message.argument = this.sequence;
    if (message.type === this.type) {
      this.take(message.totalBytes);
      message.reserved = true;
    }
    if (!this.queued && this.#scheduler.sendWaiting(message)) return;
    const queue = this.#queue ??= new Fifo();
    queue.push(message);
    this.#scheduler.bulk.countStream(message);
    if (queue.length === 1) this.#scheduler.enqueueInOrder(message);
  }

  /** The message in the bulk lane has left: the next one takes its place. */
  onTransmitted(): void {
    const queue = this.#queue!;
    queue.shift();
    const next = queue.peek();
    if (next !== undefined) this.#scheduler.enqueueInOrder(next);
  }

  #wait(waiting: WaitingMessage): void {
    (this.#waiting ??= new Fifo()).push(waiting);
    if (this.credit > 0) this.#scheduler.bulk.stall(this);
  }
}

const NOTHING = (): void => {};
const EMPTY = new Uint8Array(0);

/** The frame type of a direction's clean end. */
function endType(type: number): number {
  return type === FrameType.input ? FrameType.inputEnd : FrameType.outputEnd;
}
