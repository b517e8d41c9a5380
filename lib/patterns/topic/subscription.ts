/**
 * A subscriber of a topic.
 *
 * @module
 */

/** A message of a topic. */
export interface TopicMessage<T> {
  /** What was published. Subscribers of one node share it, and must not change it. */
  readonly value: T;
  /** The host that published it. */
  readonly publisher: string;
  /** Its number among the messages of that publisher's process, from 1. */
  readonly sequence: number;
}

/** What a {@linkcode Subscription} reads from. */
export interface SubscriptionSource<T> {
  /** The messages. */
  readonly queue: {
    readonly length: number;
    readonly dropped: number;
    next(): Promise<IteratorResult<TopicMessage<T>, undefined>>;
    leave(): void;
  };
  /** How many have not come. */
  readonly missed: number;
}

/**
 * An iterator over the messages of a topic, from `JoinedTopic.subscribe`.
 * Leaving its loop ends the subscription.
 *
 * @typeParam T What is published.
 */
export class Subscription<T>
  implements AsyncIterableIterator<TopicMessage<T>, undefined>, AsyncDisposable {
  readonly #source: SubscriptionSource<T>;

  /** Made by `JoinedTopic.subscribe`. */
  constructor(source: SubscriptionSource<T>) {
    this.#source = source;
  }

  /** How many messages wait to be read. */
  get queued(): number {
    return this.#source.queue.length;
  }

  /** How many messages were dropped, as they were not read in time. */
  get dropped(): number {
    return this.#source.queue.dropped;
  }

  /**
   * How many messages have not come to this node since it subscribed, as far as
   * is known: dropped by their publishers, as this node or the network was too
   * slow, or lost with a connection. It is known when the publisher's next message
   * has come. What publishers took with them when their processes ended is not counted.
   */
  get missed(): number {
    return this.#source.missed;
  }

  /** The next message. */
  next(): Promise<IteratorResult<TopicMessage<T>, undefined>> {
    return this.#source.queue.next();
  }

  /** Ends the subscription; what is queued is dropped. */
  return(): Promise<IteratorResult<TopicMessage<T>, undefined>> {
    this.#source.queue.leave();
    return Promise.resolve({ done: true, value: undefined });
  }

  /** Itself. */
  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Ends the subscription. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }
}
