/**
 * The outputs of a stream's handler, for interceptors.
 *
 * @module
 */

import { resultOf } from "../../foreign/iterator_result.ts";
import { disregard } from "../../foreign/thenable.ts";
import { type HandlerOutputs, leaveOutputs, outputsOf } from "../serving/handler_outputs.ts";
import type { Tracked } from "./tracked_messages.ts";

/** Reads what a handler has returned, or a promise of it, until the handler has ended. */
export class HandlerMessages implements Tracked<unknown> {
  state: Tracked<unknown>["state"] = "open";
  failure: unknown = undefined;
  readonly #returned: unknown;
  readonly #reason: () => unknown;
  #outputs: HandlerOutputs | null = null;
  #opening: Promise<HandlerOutputs | null> | null = null;

  /**
   * @param returned What the handler has returned.
   * @param reason Why it is left when it is, for a `ReadableStream`.
   */
  constructor(returned: unknown, reason: () => unknown) {
    this.#returned = returned;
    this.#reason = reason;
    // An interceptor may never read it.
    disregard(returned);
  }

  /** Reads the next output. */
  async next(): Promise<IteratorResult<unknown>> {
    if (this.state === "failed") throw this.failure;
    if (this.state !== "open") return DONE;
    try {
      const outputs = this.#outputs ??= await (this.#opening ??= this.#open());
      if (outputs !== null) {
        const next = outputs.next();
        const result = resultOf<unknown>(outputs.asynchronous ? await next : next, "handler");
        if (!result.done) return { done: false, value: result.value };
      }
      if (this.state === "open") this.state = "done";
      return DONE;
    } catch (error) {
      if (this.state === "open") {
        this.state = "failed";
        this.failure = error;
      }
      throw error;
    }
  }

  /** See {@linkcode Tracked}: tells the handler at once. */
  async return(): Promise<IteratorResult<unknown>> {
    if (this.state === "open") {
      this.state = "left";
      const outputs = this.#outputs ?? await (this.#opening ??= this.#open()).catch(() => null);
      if (outputs !== null) await leaveOutputs(outputs, this.#reason());
    }
    return DONE;
  }

  /** Itself. */
  [Symbol.asyncIterator](): this {
    return this;
  }

  async #open(): Promise<HandlerOutputs | null> {
    return outputsOf(this.#returned) ?? outputsOf(await this.#returned);
  }
}

const DONE: IteratorReturnResult<undefined> = { done: true, value: undefined };
