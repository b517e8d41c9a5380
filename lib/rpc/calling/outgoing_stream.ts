/**
 * The session's part of a stream that this node opened.
 *
 * @module
 */

import { memoryOf } from "../../codec/format/memory_cost.ts";
import { InternodeError } from "../../errors.ts";
import { hasAborted, leaveSignal, listenTo, reasonOf } from "../../foreign/signal.ts";
import type { Link } from "../../driver/link.ts";
import type { Metadata } from "../../session/frames/metadata.ts";
import type { AnswerMetadata } from "../../session/frames/answer_metadata.ts";
import { OpenedStream } from "../../session/calls/opened_stream.ts";
import type { ByteReader } from "../../wire/byte_reader.ts";
import { STREAM_MEMORY } from "../../wire/lending_pool.ts";
import type { CallFacts, KnownCall } from "./call_facts.ts";
import type { CallDelegate } from "./call_delegate.ts";
import { callFailure } from "./call_failure.ts";
import { countOutcome } from "../metering/count_outcome.ts";
import { StreamAnswer } from "./stream_answer.ts";
import { traceCode } from "../tracing/call_trace.ts";
import { endClientSpan, startClientSpan, withTraceContext } from "../tracing/client_span.ts";
import type { StreamContract } from "../contract/contract.ts";
import { MessageQueue, type QueueListener } from "../serving/message_queue.ts";
import { decodeMessage, invalidPayload } from "../contract/payload.ts";
import type { Span } from "../contract/tracer.ts";

/** The internal part of a `Stream`. */
export class OutgoingStream<Initial, Input, Output> extends OpenedStream
  implements KnownCall, QueueListener {
  /** The handler's messages. */
  readonly outputs: MessageQueue<Output>;
  /** The call's span; `null` without a tracer. */
  readonly span: Span | null;

  readonly #contract: StreamContract<Initial, Input, Output>;
  readonly #delegate: CallDelegate;
  readonly #subroute: string;
  readonly #startMs: number;
  #isOpen = false;
  #opened: PromiseWithResolvers<void> | null = null;
  #finished: PromiseWithResolvers<void> | null = null;
  #ending: { readonly error: unknown } | null = null;
  /** The error with which this side has cancelled the stream. */
  #givenUp: { readonly reason: unknown } | null = null;
  #signal: AbortSignal | null = null;
  /** Made when metadata comes, or when somebody asks for it. */
  #answer: StreamAnswer | null = null;

  constructor(
    contract: StreamContract<Initial, Input, Output>,
    delegate: CallDelegate,
    subroute: string,
    lends = false,
  ) {
    super();
    this.lends = lends;
    this.#contract = contract;
    this.#delegate = delegate;
    this.#subroute = subroute;
    const isTimed = delegate.traces.active || delegate.figures.active;
    this.#startMs = isTimed ? delegate.now() : -1;
    const { spans, host } = delegate;
    this.span = spans === null ? null : startClientSpan(spans, contract.name, host, subroute);
    this.outputs = new MessageQueue(this, lends ? STREAM_MEMORY : null);
  }

  /** See {@linkcode ByteSource}: what is lent goes back. */
  get ownsOutputs(): boolean {
    return !this.lends;
  }

  /** See {@linkcode ByteSource}. */
  lendOutputs(): void {
    if (this.lends) return;
    this.lends = true;
    this.outputs.lend(STREAM_MEMORY);
  }

  /** The contract's codec for inputs. */
  get contract(): StreamContract<Initial, Input, Output> {
    return this.#contract;
  }

  /** See {@linkcode KnownCall}. */
  get facts(): CallFacts {
    const { name } = this.#contract;
    return {
      contract: { name, kind: "stream" },
      subroute: this.#subroute,
      attempt: 1,
      backsOff: false,
    };
  }

  /** How the stream ended: `undefined` without an error; `null` while it has not. */
  get ending(): { readonly error: unknown } | null {
    return this.#ending;
  }

  /** Resolves when the stream can send, rejects when it never will. */
  get opened(): Promise<void> {
    if (this.#opened === null) {
      this.#opened = Promise.withResolvers();
      // Nobody needs to wait for it: the outputs and `finished` report the failure too.
      this.#opened.promise.catch(() => {});
      if (this.#isOpen) this.#opened.resolve();
      else if (this.#ending !== null) this.#settle(this.#opened, this.#ending);
    }
    return this.#opened.promise;
  }

  /** Resolves when the handler has ended well, else rejects. */
  get finished(): Promise<void> {
    if (this.#finished === null) {
      this.#finished = Promise.withResolvers();
      this.#finished.promise.catch(() => {});
      if (this.#ending !== null) this.#settle(this.#finished, this.#ending);
    }
    return this.#finished.promise;
  }

  /** The handler's headers and trailers. */
  get answer(): StreamAnswer {
    if (this.#answer === null) {
      this.#answer = new StreamAnswer();
      if (this.#ending !== null) this.#answer.onEnd(this.#ending);
      this.#watchOutputs();
    }
    return this.#answer;
  }

  /** Whoever waits for headers is told of the first output. */
  #watchOutputs(): void {
    const { receive } = this, answer = this.#answer;
    if (receive === null || answer === null) return;
    if (receive.sequence > 0) answer.onOutput();
    else receive.beforeNext(() => answer.onOutput());
  }

  /** What the handler has set. */
  override onMetadata(metadata: AnswerMetadata): void {
    this.answer.onMetadata(metadata);
  }

  /**
   * Opens the stream on a connection. What its codec throws is its failure.
   *
   * @param initial What the handler gets with the opening.
   * @param metadata What travels with it.
   * @param numberOf Gives the number of the handler's name there.
   */
  openOn(
    link: Link,
    initial: Initial,
    metadata: Metadata | undefined,
    numberOf: (nowMs: number) => number,
  ): void {
    const nowMs = link.beginTurn();
    const { initial: codec, inputCapacity, outputCapacity } = this.#contract;
    try {
      const carried = withTraceContext(metadata, this.span), number = numberOf(nowMs);
      const { outgoing } = link.session;
      outgoing.open(this, number, codec, initial, carried, inputCapacity, outputCapacity, nowMs);
    } catch (error) {
      this.state = "ended";
      this.onError(error, null);
    }
  }

  /** Ends the stream when the signal aborts. */
  watch(signal: AbortSignal): void {
    this.#signal = signal;
    listenTo(signal, this, (thrown) => this.cancel(thrown));
    // A getter of the request, or a balancer, may have aborted it already.
    if (hasAborted(signal)) this.handleEvent();
  }

  /** The signal has aborted. */
  handleEvent(): void {
    this.#giveUp(reasonOf(this.#signal));
  }

  /** Ends the stream from this side. */
  cancel(reason: unknown): void {
    if (this.#ending !== null) return;
    const error = reason ??
      new InternodeError(
        "Cancelled",
        `${this.#contract.name} on ${this.#delegate.host}: cancelled.`,
        {
          origin: "caller",
          outcome: "maybeExecuted",
          host: this.#delegate.host,
          handler: this.#contract.name,
        },
      );
    this.#giveUp(error);
  }

  /** The stream can send. */
  override onOpened(): void {
    this.#isOpen = true;
    this.#watchOutputs();
    this.#opened?.resolve();
  }

  /** A message of the handler. One that cannot be read ends the stream. */
  override onMessage(kind: number, reader: ByteReader): void {
    const bytes = reader.remaining;
    let value: Output;
    try {
      value = decodeMessage(this.#contract.output, kind, reader, this.lends);
    } catch (error) {
      const cause = invalidPayload(error);
      const message =
        `${this.#contract.name} on ${this.#delegate.host}: an output cannot be read: ${cause.message}`;
      this.cancel(
        new InternodeError(cause.code, message, {
          origin: "remote",
          outcome: "executed",
          host: this.#delegate.host,
          handler: this.#contract.name,
          cause,
        }),
      );
      return;
    }
    const memory = memoryOf(reader, bytes);
    this.receive?.holdMemory(reader.room, memory);
    this.outputs.push(value, bytes, memory);
  }

  /** The handler has ended well. */
  override onEnd(): void {
    this.outputs.end();
    this.#end({ error: undefined });
  }

  /** The stream has failed. */
  override onError(error: unknown, detail: ByteReader | null): void {
    const givenUp = this.#givenUp;
    // The caller's own reason stays as it is, even where it looks like an error of ours.
    if (givenUp !== null && error === givenUp.reason) this.fail(error);
    else this.fail(callFailure(error, this.#delegate.host, this.#contract, detail));
  }

  /** Fails with just this. */
  fail(failure: unknown): void {
    this.#opened?.reject(failure);
    this.outputs.fail(failure);
    this.#end({ error: failure });
  }

  #giveUp(reason: unknown): void {
    this.#givenUp = { reason };
    this.#delegate.abort(this, reason);
  }

  #end(ending: { readonly error: unknown }): void {
    this.#ending = ending;
    if (this.#answer !== null) this.#answer.onEnd(ending);
    leaveSignal(this.#signal, this);
    this.#signal = null;
    if (this.span !== null) endClientSpan(this.span, ending.error);
    if (this.#finished !== null) this.#settle(this.#finished, ending);
    const { traces, figures, host } = this.#delegate;
    if (this.#startMs < 0) return;
    if (figures.active) this.#count(ending.error);
    if (!traces.active) return;
    traces.emit({
      direction: "outgoing",
      kind: "stream",
      handler: this.#contract.name,
      subroute: this.#subroute,
      host,
      attempt: host === "" ? 0 : 1,
      durationMs: this.#delegate.now() - this.#startMs,
      error: traceCode(ending.error),
    });
  }

  #count(failure: unknown): void {
    const delegate = this.#delegate, tookMs = delegate.now() - this.#startMs;
    countOutcome(delegate.figuresOf(this.#contract), failure, tookMs);
  }

  #settle(promise: PromiseWithResolvers<void>, ending: { readonly error: unknown }): void {
    if (ending.error === undefined) promise.resolve();
    else promise.reject(ending.error);
  }

  /** An output was read. */
  onConsumed(bytes: number, memory: number): void {
    if (this.receive !== null && this.receive.consumed(bytes, memory)) {
      this.receive.report(this.#delegate.beginTurn());
    }
  }

  /** The reader of the outputs wants no more. */
  onReturn(): void {
    this.cancel(undefined);
  }
}
