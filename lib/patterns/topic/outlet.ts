/**
 * What waits at a publisher for a node that subscribes.
 *
 * @module
 */

import { leaveSignal, listenTo, reasonOf } from "../../foreign/signal.ts";
import { FrameQueue, type PublishedMessage } from "./frame_queue.ts";
import { DONE } from "./read_queue.ts";
import type { FrameCache } from "./frame_cache.ts";
import type { TopicSettings } from "./topic_options.ts";

/** What the error of a node that was too slow is called, here and where it arrives. */
export const SLOW_SUBSCRIBER = "SlowSubscriber";

/** So many messages, or bytes of them, make a frame and leave at once; fewer wait for the end of the turn. */
const FRAME_MESSAGES = 512, FRAME_BYTES = 60_000;

/** What an {@linkcode Outlet} is made from. */
export interface OutletParts<T> {
  /** The node that subscribes. */
  readonly host: string;
  /** Comes first. */
  readonly hello: Frame;
  /** Whether each message goes in a frame of its own. */
  readonly isAlone: boolean;
  /** Where frames come from. */
  readonly frames: FrameCache;
  readonly settings: TopicSettings;
  /** Aborts when this node closes: that ends it with the signal's reason, behind what is queued. */
  readonly closing: AbortSignal;
  /** Is told that it holds messages back until {@linkcode Outlet.goOn}. */
  readonly onHold: (outlet: Outlet<T>) => void;
  /** Is told once that it takes no more. */
  readonly onEnd: (outlet: Outlet<T>) => void;
}

/** What is sent, encoded. */
type Frame = Uint8Array<ArrayBuffer>;

function slowSubscriber(): Error {
  const error = new Error("The node was too slow, and its queue is full.");
  error.name = SLOW_SUBSCRIBER;
  return error;
}

/**
 * The outputs of a handler: a greeting, then messages. The first message of a
 * turn goes at once; those behind it go together, when they are enough or the
 * turn is over.
 */
export class Outlet<T> {
  /** The node that subscribes. */
  readonly host: string;
  /** Its messages. */
  readonly queue: FrameQueue<T>;
  readonly #parts: OutletParts<T>;
  #hello: Frame | null;
  #reader: PromiseWithResolvers<IteratorResult<Frame, undefined>> | null = null;
  /** Whether messages wait for the end of the turn. */
  #isHeld = false;

  constructor(parts: OutletParts<T>) {
    const { host, hello, isAlone, frames, settings, closing, onEnd } = parts;
    const { maxQueued, maxQueuedBytes } = settings;
    this.host = host;
    this.#parts = parts;
    this.#hello = hello;
    // What is held back for a frame must not fill a small queue.
    const limits = {
      messages: isAlone ? 1 : Math.min(FRAME_MESSAGES, Math.ceil(maxQueued / 2)),
      bytes: Math.min(FRAME_BYTES, Math.ceil(maxQueuedBytes / 2)),
    };
    this.queue = new FrameQueue(limits, frames, settings, slowSubscriber, () => {
      leaveSignal(closing, this);
      this.#release();
      onEnd(this);
    });
    listenTo(closing, this, () => {});
    if (closing.aborted) this.handleEvent();
  }

  /** A message was published, or comes late. */
  push(message: PublishedMessage<T>, isReplayed = false): void {
    this.queue.push(message, isReplayed);
    if (this.#reader !== null && (!this.#isHeld || this.queue.hasFrame)) this.#release();
  }

  /** The turn in which messages were held back is over. */
  goOn(): void {
    this.#isHeld = false;
    this.#release();
  }

  /** The next frame: what is there comes without a promise, so that a burst is one write. */
  next(): Promise<IteratorResult<Frame, undefined>> | IteratorResult<Frame> {
    const hello = this.#hello;
    if (hello !== null) {
      this.#hello = null;
      return Promise.resolve({ done: false, value: hello });
    }
    const { ending } = this.queue;
    if (!this.#isHeld || ending !== null || this.queue.hasFrame) {
      const frame = this.#take();
      if (frame !== null) return { done: false, value: frame };
    }
    if (ending === null) return (this.#reader = Promise.withResolvers()).promise;
    return ending.error === undefined ? Promise.resolve(DONE) : Promise.reject(ending.error);
  }

  /** The node does not subscribe any more, or is lost. */
  return(): Promise<IteratorResult<Frame, undefined>> {
    this.queue.leave();
    return Promise.resolve(DONE);
  }

  /** Itself. */
  [Symbol.asyncIterator](): this {
    return this;
  }

  /** This node closes. */
  handleEvent(): void {
    this.queue.end(reasonOf(this.#parts.closing));
  }

  /** Gives who waits a frame, or the end. */
  #release(): void {
    const reader = this.#reader;
    if (reader === null) return;
    const frame = this.#take(), { ending } = this.queue;
    if (frame === null && ending === null) return;
    this.#reader = null;
    if (frame !== null) reader.resolve({ done: false, value: frame });
    else if (ending!.error === undefined) reader.resolve(DONE);
    else reader.reject(ending!.error);
  }

  /** The next frame; `null`: there is none. */
  #take(): Frame | null {
    const frame = this.queue.take();
    if (frame !== null && !this.#isHeld) {
      this.#isHeld = true;
      this.#parts.onHold(this);
    }
    return frame;
  }
}
