/**
 * The sending direction of a stream.
 *
 * @module
 */

import type { Codec } from "../../codec/format/codec.ts";
import { FrameType } from "../../wire/frame.ts";
import { QueuedMessage } from "./queued_message.ts";
import type { SendScheduler } from "./send_scheduler.ts";
import { StreamQueue, type WaitingMessage } from "./stream_queue.ts";

/**
 * Messages leave in order, each when there is credit for it and its bytes fit.
 * After that, only the loss of the connection can keep a message from arriving.
 * The frame that ends the direction leaves after them.
 */
export class SendHalf extends StreamQueue {
  readonly #scheduler: SendScheduler;

  /**
   * @param scheduler Where messages go.
   * @param type `FrameType.input` or `FrameType.output`.
   * @param credit How many messages the receiver accepts at first.
   */
  constructor(scheduler: SendScheduler, type: number, credit: number) {
    super(type, credit);
    this.#scheduler = scheduler;
  }

  /**
   * Sends a message, or queues it.
   *
   * @returns `null` if it is sent; otherwise the waiting message, whose callbacks the caller may set.
   * @throws {InternodeError} `InvalidPayload` or `MessageTooLarge`; nothing was sent then.
   */
  send<T>(codec: Codec<T>, value: T): WaitingMessage | null {
    return this.#wait(this.#scheduler.sendInOrder(this, codec, value));
  }

  /** @param message What has to wait; `null` if it has left. */
  #wait(message: QueuedMessage | null): WaitingMessage | null {
    if (message === null) return null;
    const waiting: WaitingMessage = { message, onAccepted: NOTHING, onRefused: NOTHING };
    this.wait(waiting);
    this.#scheduler.awaitRoom(this);
    return waiting;
  }

  /**
   * Sends metadata in the place of a message, or queues it.
   *
   * @param onLeft Called when it has left; not called if the stream ends before.
   * @throws {InternodeError} `MessageTooLarge`; nothing was sent then.
   */
  sendMetadata(payload: Uint8Array<ArrayBuffer>, onLeft: () => void): void {
    const waiting = this.#wait(this.#scheduler.sendMetadata(this, payload));
    if (waiting === null) onLeft();
    else waiting.onAccepted = onLeft;
  }

  /**
   * Ends the direction cleanly after all messages so far.
   *
   * @param onEnded Called when the end is sent; not called if the stream ends otherwise before.
   */
  end(onEnded: () => void, nowMs: number): void {
    if (this.ended) return;
    this.#scheduler.nowMs = nowMs;
    this.ended = true;
    const message = new QueuedMessage(endType(this.type), 0, 0, this.id, 0, EMPTY, null, this);
    if (this.waiting > 0) {
      this.wait({ message, onAccepted: onEnded, onRefused: NOTHING });
    } else {
      this.#scheduler.transmit(this, message);
      onEnded();
    }
  }

  /** Ends the stream after everything accepted so far; waiting messages fail with `error`. */
  terminate(type: number, code: number, payload: Uint8Array<ArrayBuffer>, error: unknown): void {
    this.refuseWaiting(error);
    const message = new QueuedMessage(type, 0, code, this.id, 0, payload, null, this);
    this.#scheduler.transmit(this, message);
  }

  /** Fails the waiting messages. Accepted messages are still sent. */
  refuseWaiting(error: unknown): void {
    this.ended = true;
    this.#scheduler.forget(this);
    for (let next = this.shiftWaiting(); next !== undefined; next = this.shiftWaiting()) {
      next.onRefused(error);
    }
  }

  /** The stream is over: accepted messages that were not sent are dropped too. */
  abandon(error: unknown): void {
    this.refuseWaiting(error);
    this.#scheduler.discardQueue(this);
  }

  /**
   * The receiver accepts more messages, and has consumed bytes. Sends waiting messages as far as possible.
   *
   * @param windowBytes How many bytes may be under way from now on. Default: as many as before.
   */
  onCredit(messages: number, bytes: number, windowBytes: number = this.windowBytes): void {
    this.addCredit(messages, bytes, this.#scheduler.budget.maxStreamCredit);
    this.windowBytes = windowBytes;
    this.#scheduler.resume(this);
  }
}

const NOTHING = (): void => {};
const EMPTY = new Uint8Array(0);

/** The frame type of a direction's clean end. */
function endType(type: number): number {
  return type === FrameType.input ? FrameType.inputEnd : FrameType.outputEnd;
}
