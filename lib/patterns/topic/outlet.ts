/**
 * What waits at a publisher for a node that subscribes.
 *
 * @module
 */

import { leaveSignal, listenTo, reasonOf } from "../../foreign/signal.ts";
import { BoundedQueue } from "./bounded_queue.ts";
import type { TopicFrame } from "./topic_frame.ts";
import type { TopicSettings } from "./topic_options.ts";

/** What the error of a node that was too slow is called, here and where it arrives. */
export const SLOW_SUBSCRIBER = "SlowSubscriber";

function slowSubscriber(): Error {
  const error = new Error("The node was too slow, and its queue is full.");
  error.name = SLOW_SUBSCRIBER;
  return error;
}

/** The outputs of a handler: a greeting, then the messages. */
export class Outlet<T> implements AsyncIterableIterator<TopicFrame<T>, undefined> {
  /** The node that subscribes. */
  readonly host: string;
  /** Its messages. */
  readonly queue: BoundedQueue<TopicFrame<T>>;
  readonly #closing: AbortSignal;
  #hello: TopicFrame<T> | null;

  /**
   * @param hello Comes first.
   * @param closing Aborts when this node closes: that ends it with the signal's reason, behind what is queued.
   * @param onEnd Is told once that it takes no more.
   */
  constructor(
    host: string,
    hello: TopicFrame<T>,
    settings: TopicSettings,
    closing: AbortSignal,
    onEnd: (outlet: Outlet<T>) => void,
  ) {
    this.host = host;
    this.#hello = hello;
    this.#closing = closing;
    this.queue = new BoundedQueue(settings, slowSubscriber, () => {
      leaveSignal(closing, this);
      onEnd(this);
    });
    listenTo(closing, this, () => {});
    if (closing.aborted) this.handleEvent();
  }

  /** The next frame. */
  next(): Promise<IteratorResult<TopicFrame<T>, undefined>> {
    const hello = this.#hello;
    if (hello === null) return this.queue.next();
    this.#hello = null;
    return Promise.resolve({ done: false, value: hello });
  }

  /** The node does not subscribe any more, or is lost. */
  return(): Promise<IteratorResult<TopicFrame<T>, undefined>> {
    this.queue.leave();
    return Promise.resolve({ done: true, value: undefined });
  }

  /** Itself. */
  [Symbol.asyncIterator](): this {
    return this;
  }

  /** This node closes. */
  handleEvent(): void {
    this.queue.end(reasonOf(this.#closing));
  }
}
