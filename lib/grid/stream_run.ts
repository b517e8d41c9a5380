/**
 * A handler that serves a stream.
 *
 * @module
 */

import type { InternodeError } from "../errors.ts";
import type { CallSource } from "./call_source.ts";
import type { ConcurrencyGate } from "./concurrency_gate.ts";
import type { StreamContract } from "./contract.ts";
import type { StreamHandlerFunction } from "./handler.ts";
import { HandlerOutputs, resultOf } from "./handler_outputs.ts";
import type { IncomingStream } from "./incoming_stream.ts";
import type { ServerSpan } from "./server_span.ts";
import { logFailure, type Serving, traceIncoming } from "./serving.ts";

/** What a run is a run of. */
export interface StreamRunOptions<Initial, Input, Output> {
  /** What both sides agreed on. */
  readonly contract: StreamContract<Initial, Input, Output>;
  /** What is run. */
  readonly handler: StreamHandlerFunction<Initial, Input, Output>;
  /** Where its place comes from and goes back to; `null`: there are as many as come. */
  readonly gate: ConcurrencyGate | null;
  /** What handlers need of their node. */
  readonly serving: Serving;
  /** Where the call has come from. */
  readonly source: CallSource;
}

/**
 * One run of a stream's handler, from its place to the place given back.
 *
 * A call that ends before its handler (cancelled, out of time, lost) has its
 * place back at once: the handler's iterator is told by `return`, its
 * `ReadableStream` by `cancel`, even while the next output is awaited, and
 * nothing waits for what they do then. They count as running until that has
 * settled, as does a handler that returns a promise.
 */
export class StreamRun<Initial, Input, Output> {
  readonly #options: StreamRunOptions<Initial, Input, Output>;
  readonly #stream: IncomingStream<Initial, Input, Output>;
  readonly #startMs: number;
  #outputs: HandlerOutputs | null = null;
  /** Whether the call has ended for the handler, one way or the other. */
  #isOver = false;

  /** Runs the handler; its place is taken. */
  constructor(
    options: StreamRunOptions<Initial, Input, Output>,
    stream: IncomingStream<Initial, Input, Output>,
    initial: Initial,
  ) {
    this.#options = options;
    this.#stream = stream;
    const { serving, source } = options;
    this.#startMs = serving.traces.active ? serving.clock.now() : -1;
    serving.running++;
    source.onBegun();
    this.#serve(initial).then(() => this.#finish(), (error) => this.#fail(error));
  }

  /** Runs the handler to its end, output by output as the caller has room. */
  async #serve(initial: Initial): Promise<void> {
    const stream = this.#stream, { context, input } = stream, { span } = context;
    const { handler } = this.#options;
    const returned: unknown = within(span, () => handler(initial, input, context));
    const outputs = within(span, () => HandlerOutputs.of(returned)) ??
      HandlerOutputs.of(await returned);
    if (outputs === null) return;
    this.#outputs = outputs;
    stream.onCutShort = this.#cutShort;
    if (context.cancelled !== null) this.#cutShort();
    while (!this.#isOver) {
      // A generator goes on in the span of whoever asks it for more.
      const next = span === null ? outputs.next() : span.run(() => outputs.next());
      const result = outputs.asynchronous ? await next : next;
      if (this.#isOver) return;
      const { done, value } = resultOf<Output>(result);
      if (done) {
        this.#outputs = null;
        return;
      }
      const accepted = stream.output(value as Output);
      if (accepted !== null) await accepted;
    }
  }

  #finish(): void {
    if (this.#isOver) return;
    this.#stream.finish();
    this.#stream.context.span?.end();
    this.#leave(null, undefined);
  }

  #fail(error: unknown): void {
    const { serving, contract, source } = this.#options, { context } = this.#stream;
    // An output that the end of its call has kept from leaving is no failure of the handler's.
    if (this.#isOver && error === context.cancelled) return;
    logFailure(serving, contract, source, error);
    if (this.#isOver) return;
    this.#stream.fail(error);
    context.span?.fail(error);
    this.#leave("HandlerFailed", error);
  }

  /** The call has ended before its handler. */
  readonly #cutShort = (): void => {
    if (!this.#isOver) this.#leave(null, this.#stream.context.cancelled);
  };

  /** Gives the place back, and tells the outputs' source if it has more. */
  #leave(code: InternodeError["code"] | null, reason: unknown): void {
    this.#isOver = true;
    const stream = this.#stream, { context } = stream;
    const { contract, gate, serving, source } = this.#options;
    stream.onCutShort = null;
    const left = within(context.span, () => this.#outputs?.leave(reason) ?? null);
    this.#outputs = null;
    if (left === null) this.#onGone();
    else left.then(this.#onGone);
    gate?.leave();
    if (this.#startMs >= 0) {
      traceIncoming(serving, contract, source, context, this.#startMs, code);
    }
  }

  readonly #onGone = (): void => {
    this.#stream.context.leave();
    this.#options.source.onLeft();
  };
}

/** Runs some of the handler in its span, if there is one. */
function within<T>(span: ServerSpan | null, action: () => T): T {
  return span === null ? action() : span.run(action);
}
