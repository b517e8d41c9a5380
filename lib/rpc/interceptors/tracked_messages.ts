/**
 * The messages of a stream as they come, before interceptors change them.
 *
 * @module
 */

/** Messages of which is known how far they were read. */
export interface Tracked<T> extends AsyncIterableIterator<T> {
  /** `done`: read to their clean end. */
  readonly state: "open" | "done" | "failed" | "left";
  /** What they have failed with. */
  readonly failure: unknown;
  /** Ends reading, also while the next message is awaited. Never throws. */
  return(): Promise<IteratorResult<T>>;
}

/** Watches an iterator of this library. */
export class TrackedMessages<T> implements Tracked<T> {
  state: Tracked<T>["state"] = "open";
  failure: unknown = undefined;
  readonly #messages: AsyncIterableIterator<T>;

  /** @param messages Their `next` and `return` do not throw. */
  constructor(messages: AsyncIterableIterator<T>) {
    this.#messages = messages;
  }

  /** Reads the next message. */
  async next(): Promise<IteratorResult<T>> {
    try {
      const result = await this.#messages.next();
      if (result.done === true && this.state === "open") this.state = "done";
      return result;
    } catch (error) {
      if (this.state === "open") {
        this.state = "failed";
        this.failure = error;
      }
      throw error;
    }
  }

  /** See {@linkcode Tracked}. */
  async return(): Promise<IteratorResult<T>> {
    if (this.state === "open") this.state = "left";
    await this.#messages.return?.();
    return { done: true, value: undefined };
  }

  /** Itself. */
  [Symbol.asyncIterator](): this {
    return this;
  }
}
