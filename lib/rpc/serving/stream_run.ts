/**
 * A handler that serves a stream.
 *
 * @module
 */

import { thenOf } from "../../foreign/thenable.ts";
import { resultOf } from "../../foreign/iterator_result.ts";
import type { CallRecord } from "./call_record.ts";
import type { CallSource } from "./call_source.ts";
import type { ConcurrencyGate } from "../admission/concurrency_gate.ts";
import type { StreamContract } from "../contract/contract.ts";
import type { StreamHandlerFunction } from "../contract/handler.ts";
import { type HandlerOutputs, leaveOutputs, outputsOf } from "./handler_outputs.ts";
import type { IncomingStream } from "./incoming_stream.ts";
import { invalidPayload } from "../contract/payload.ts";
import { handlerFailure, logFailure, type Serving, unsendable } from "./serving.ts";

/** What a run is made from. */
export interface StreamRunOptions<Initial, Input, Output> {
  /** What both sides agreed on. */
  readonly contract: StreamContract<Initial, Input, Output>;
  /** The handler. */
  readonly handler: StreamHandlerFunction<Initial, Input, Output>;
  /** Limits how many run; `null` without a limit. */
  readonly gate: ConcurrencyGate | null;
  /** What handlers need of their node. */
  readonly serving: Serving;
  /** The connection of the call. */
  readonly source: CallSource;
}

/**
 * One run of a stream's handler, while it holds its slot.
 *
 * A call that ends before its handler (cancelled, out of time, lost) frees the
 * slot at once: `return` of the handler's iterator, or `cancel` of its
 * `ReadableStream`, is called even while the next output is awaited, and
 * nothing waits for its result. They count as running until that has settled,
 * like a handler that returns a promise.
 */
export class StreamRun<Initial, Input, Output> {
  readonly #options: StreamRunOptions<Initial, Input, Output>;
  readonly #stream: IncomingStream<Initial, Input, Output>;
  #outputs: HandlerOutputs | null = null;
  /** Why an output could not be sent, which is reported differently from what the handler throws. */
  #unsent: unknown = null;
  /** Whether the call has ended for the handler, one way or the other. */
  #isOver = false;

  /** Runs the handler, which has its slot. */
  constructor(
    options: StreamRunOptions<Initial, Input, Output>,
    stream: IncomingStream<Initial, Input, Output>,
    initial: Initial,
  ) {
    this.#options = options;
    this.#stream = stream;
    const { serving, source } = options;
    serving.running++;
    source.onBegun();
    this.#serve(initial).then(() => this.#finish(), (error) => this.#fail(error));
  }

  /** Runs the handler to its end, one output at a time while the caller has room. */
  async #serve(initial: Initial): Promise<void> {
    const stream = this.#stream, { context, input } = stream, { record } = context;
    const { handler } = this.#options;
    const returned: unknown = within(record, () => handler(initial, input, context));
    const outputs = within(record, () => outputsOf(returned)) ??
      outputsOf(await returned);
    if (outputs === null) return this.#endOutputs();
    this.#outputs = outputs;
    stream.run = this;
    if (context.cancelReason !== null) this.cutShort();
    let isFirst = true;
    while (!this.#isOver) {
      // A generator continues in the span of its caller.
      const next = record === null ? outputs.next() : record.run(() => outputs.next());
      const result = outputs.asynchronous && thenOf(next) !== null ? await next : next;
      if (this.#isOver) return;
      const { done, value } = resultOf<Output>(result, "handler");
      if (done) {
        this.#outputs = null;
        return this.#endOutputs();
      }
      const accepted = this.#output(value as Output, isFirst);
      isFirst = false;
      if (accepted !== null) await accepted;
    }
  }

  #output(value: Output, isFirst: boolean): Promise<void> | null {
    try {
      if (isFirst) this.#stream.beginOutputs();
      return this.#stream.output(value);
    } catch (error) {
      throw this.#unsent = error;
    }
  }

  #endOutputs(): void {
    try {
      this.#stream.endOutputs();
    } catch (error) {
      throw this.#unsent = error;
    }
  }

  #finish(): void {
    if (this.#isOver) return;
    this.#stream.finish();
    this.#leave(undefined, true);
  }

  #fail(error: unknown): void {
    const { serving, contract, source } = this.#options, { context } = this.#stream;
    // An output that the end of its call has kept from leaving is no failure of the handler.
    if (this.#isOver && error === context.cancelReason) return;
    logFailure(serving, contract, source, error);
    if (this.#isOver) return;
    const failure = this.#unsent !== null && this.#unsent === error
      ? { error: unsendable(invalidPayload(error), "output"), detail: null }
      : handlerFailure(error, contract, context.stopping);
    this.#stream.fail(failure.error, failure.detail);
    context.record?.fail(failure.error.code, error);
    this.#leave(error, false);
  }

  /** The call has ended before its handler. */
  cutShort(): void {
    if (!this.#isOver) this.#leave(this.#stream.context.cancelReason, false);
  }

  /** Gives the place back, and tells the outputs' source if it has more. */
  #leave(reason: unknown, isAnswered: boolean): void {
    this.#isOver = true;
    const stream = this.#stream, { context } = stream;
    const { gate } = this.#options;
    stream.run = null;
    const outputs = this.#outputs;
    this.#outputs = null;
    const left = outputs === null
      ? null
      : within(context.record, () => leaveOutputs(outputs, reason));
    if (left === null) this.#onGone();
    else left.then(() => this.#onGone());
    gate?.leave(isAnswered);
  }

  #onGone(): void {
    this.#stream.context.leave();
    this.#options.source.onLeft();
  }
}

/** Runs some of the handler in its span, if there is one. */
function within<T>(record: CallRecord | null, action: () => T): T {
  return record === null ? action() : record.run(action);
}
