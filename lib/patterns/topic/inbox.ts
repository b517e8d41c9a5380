/**
 * What waits for one subscription.
 *
 * @module
 */

import { checkSignal, hasAborted, leaveSignal, listenTo, reasonOf } from "../../foreign/signal.ts";
import { ReadQueue } from "./read_queue.ts";
import type { TopicMessage } from "./topic_message.ts";
import type { TopicSettings } from "./topic_options.ts";

/** A message with what it takes. */
export interface QueuedMessage<T> extends TopicMessage<T> {
  /** How many bytes it takes encoded. */
  readonly size: number;
}

/** A queue of messages that ends with a signal, and knows what did not come. */
export class Inbox<T> {
  /** The messages. */
  readonly queue: ReadQueue<QueuedMessage<T>>;
  /** How many have not come. */
  missed = 0;
  readonly #signal: AbortSignal | undefined;

  /** @param onEnd Is told once that it takes no more. */
  constructor(
    settings: TopicSettings,
    signal: AbortSignal | undefined,
    onEnd: (inbox: Inbox<T>) => void,
  ) {
    checkSignal(signal);
    this.#signal = signal;
    this.queue = new ReadQueue(settings, () => {
      leaveSignal(signal, this);
      onEnd(this);
    });
  }

  /** From now on the signal ends it. */
  watch(): void {
    listenTo(this.#signal, this, (thrown) => this.queue.end(thrown));
    if (hasAborted(this.#signal)) this.handleEvent();
  }

  /** The signal has aborted. */
  handleEvent(): void {
    this.queue.end(reasonOf(this.#signal));
  }
}
