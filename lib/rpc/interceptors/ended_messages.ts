/**
 * Messages whose end somebody waits for.
 *
 * @module
 */

/** Passes messages on, and tells of their end, once: `null` if it was a good one, or if their reader left them. */
export class EndedMessages implements AsyncIterableIterator<unknown> {
  readonly #messages: AsyncIterator<unknown>;
  #onEnd: ((failure: { readonly error: unknown } | null) => void) | null;

  constructor(
    messages: AsyncIterable<unknown>,
    onEnd: (failure: { readonly error: unknown } | null) => void,
  ) {
    this.#messages = messages[Symbol.asyncIterator]();
    this.#onEnd = onEnd;
  }

  async next(): Promise<IteratorResult<unknown>> {
    try {
      const result = await this.#messages.next();
      if (result.done) this.#end(null);
      return result;
    } catch (error) {
      this.#end({ error });
      throw error;
    }
  }

  async return(): Promise<IteratorResult<unknown>> {
    this.#end(null);
    await this.#messages.return?.();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #end(failure: { readonly error: unknown } | null): void {
    const onEnd = this.#onEnd;
    this.#onEnd = null;
    onEnd?.(failure);
  }
}
