/**
 * A stream on its way through the interceptors of its caller.
 *
 * @module
 */

import { isOwnError } from "../../foreign/own_error.ts";
import { type Metadata, NO_METADATA } from "../../session/frames/metadata.ts";
import type { Stream, StreamParts } from "../calling/stream.ts";
import type { AnswerPromises } from "../calling/stream_answer.ts";
import type { StreamContract } from "../contract/contract.ts";
import type {
  CallResult,
  ClientCall,
  StreamCallPart,
  StreamResult,
} from "../contract/interceptor.ts";
import { CheckedMessages, type MessageOwner } from "./checked_messages.ts";
import { type ChangeableOptions, ClientRun, type PlacedCall } from "./client_run.ts";
import { type Chain, RUN } from "./interceptor_chain.ts";
import type { OpenRuns } from "./open_runs.ts";
import { SentMessages } from "./sent_messages.ts";
import { TrackedMessages } from "./tracked_messages.ts";

/** Opens the stream that the last interceptor has passed on. */
export type OpenStream<Initial, Input, Output, Options> = (
  initial: Initial,
  options: Options,
) => Stream<Input, Output>;

/**
 * What the caller's stream is made of: its messages go through the interceptors,
 * and underneath is the stream that they have opened.
 *
 * ```text
 * send --> sent --> interceptors --> pump --> underneath
 * next <-- outputs <-- interceptors <-- made <-- underneath
 * ```
 */
export class StreamRun<Initial, Input, Output, Options extends ChangeableOptions>
  extends ClientRun<StreamContract<Initial, Input, Output>, Options>
  implements StreamParts<Input, Output>, AnswerPromises, MessageOwner {
  /** See {@linkcode StreamParts}: it takes messages from the first on. */
  readonly state = "open";
  /** What the caller sends. */
  readonly send: SentMessages<Input> = new SentMessages();
  /** What the caller reads. */
  readonly outputs: CheckedMessages<Output>;
  /** What the handler has sent; `null` before the stream is opened. */
  made: TrackedMessages<Output> | null = null;
  /** See {@linkcode StreamParts}: interceptors may keep what they pass on. */
  readonly ownsOutputs = false;
  /** See {@linkcode StreamParts}. */
  readonly opened: Promise<void> = Promise.resolve();

  readonly #open: OpenStream<Initial, Input, Output, Options>;
  readonly #given: PromiseWithResolvers<AsyncIterable<Output>> = Promise.withResolvers();
  readonly #finished: PromiseWithResolvers<void> = Promise.withResolvers();
  #under: Stream<Input, Output> | null = null;
  /** Resolves with that, or with `null` if the interceptors have answered in its place. */
  readonly #opening: PromiseWithResolvers<Stream<Input, Output> | null> = Promise.withResolvers();
  #headers: Promise<Metadata> | null = null;
  #trailers: Promise<Metadata> | null = null;
  /** How that has ended; `null`: it has not. */
  #underEnd: { readonly failure: { readonly error: unknown } | null } | null = null;
  #isGiven = false;

  constructor(
    placed: PlacedCall<StreamContract<Initial, Input, Output>, Options>,
    runs: OpenRuns,
    open: OpenStream<Initial, Input, Output, Options>,
  ) {
    super(placed, runs);
    this.#open = open;
    // Nobody needs to wait for them: the outputs tell of a failure too.
    this.#given.promise.catch(NOTHING);
    this.#finished.promise.catch(NOTHING);
    this.#opening.promise.catch(NOTHING);
    this.outputs = new CheckedMessages(this.#given.promise, this);
  }

  /** Starts the call. */
  start(chain: Chain<ClientCall>, initial: Initial): void {
    this.open();
    if (this.ended !== null) return;
    const inputs = this.send;
    chain({ ...this.shown, kind: "stream", initial, inputs, [RUN]: this }).then(
      // It has been checked to be one of this kind.
      (result) => this.#onResult((result as StreamResult).outputs as AsyncIterable<Output>),
      (error) => this.fail(error),
    );
  }

  /** Opens the stream. */
  // deno-lint-ignore require-await -- what is thrown becomes a rejection
  override async proceed(call: ClientCall): Promise<CallResult> {
    if (this.ended !== null) throw this.ended.error ?? this.misuse("called next after its end");
    if (call.kind !== "stream") throw this.misuse("changed the kind of the call");
    if (this.#under !== null) throw this.misuse("called next twice for a stream");
    const { initial, inputs } = call as StreamCallPart;
    const under = this.#under = this.#open(initial as Initial, this.optionsOf(call));
    this.#opening.resolve(under);
    this.note("maybeExecuted");
    const outputs = this.made = new TrackedMessages(under[Symbol.asyncIterator]());
    under.finished.then(() => this.#onUnderEnd(null), (error) => this.#onUnderEnd({ error }));
    if (this.contract.inputCapacity > 0) void this.#pump(inputs as AsyncIterable<Input>, under);
    return { kind: "stream", outputs, headers: under.headers, trailers: under.trailers };
  }

  /** See {@linkcode StreamParts}. */
  get contract(): StreamContract<Initial, Input, Output> {
    return this.placed.contract;
  }

  /** See {@linkcode StreamParts}. */
  get ending(): { readonly error: unknown } | null {
    return this.ended;
  }

  /** See {@linkcode StreamParts}. */
  get finished(): Promise<void> {
    return this.#finished.promise;
  }

  /** See {@linkcode StreamParts}: what the stream underneath has. */
  get answer(): AnswerPromises {
    return this;
  }

  /** See {@linkcode AnswerPromises}. */
  get headers(): Promise<Metadata> {
    return this.#headers ??= this.#told((under) => under.headers);
  }

  /** See {@linkcode AnswerPromises}. */
  get trailers(): Promise<Metadata> {
    return this.#trailers ??= this.#told((under) => under.trailers);
  }

  #told(take: (under: Stream<Input, Output>) => Promise<Metadata>): Promise<Metadata> {
    const told = this.#opening.promise
      .then((under) => under === null ? NO_METADATA : take(under))
      // The caller hears of the end that its own stream has.
      .catch((error) => Promise.reject(this.ended?.error ?? error));
    told.catch(NOTHING);
    return told;
  }

  /** See {@linkcode StreamParts}. */
  cancel(reason: unknown): void {
    if (this.ended !== null) return;
    const cancelled = this.#under === null
      ? this.error("Cancelled", "cancelled before its interceptors had opened it", "notSent")
      : this.error("Cancelled", "cancelled", "maybeExecuted");
    this.fail(reason ?? cancelled);
  }

  /** Ends the call for its caller, and underneath. */
  override fail(error: unknown): void {
    if (!this.end(error)) return;
    this.#given.reject(error);
    this.#opening.reject(error);
    this.outputs.fail(error);
    this.send.fail(error);
    this.#under?.cancel(error);
    this.#finished.reject(error);
  }

  /** What is underneath ends at the same deadline, and says more of it. */
  override onLate(): void {
    if (this.#under === null || this.#underEnd !== null) this.#failSoon();
  }

  /** See {@linkcode MessageOwner}. */
  failureOf(thrown: unknown): unknown {
    return thrown;
  }

  /** See {@linkcode MessageOwner}. */
  onMessagesEnd(failure: { readonly error: unknown } | null): void {
    if (failure !== null) this.fail(failure.error);
    else if (this.#under === null) this.#endAs(null);
  }

  #onResult(outputs: AsyncIterable<Output>): void {
    this.#isGiven = true;
    this.#given.resolve(outputs);
    // There is nothing to read but the end, of which interceptors hear.
    if (this.contract.outputCapacity === 0) void this.outputs.next();
    const isAnswered = this.#under === null && this.contract.outputCapacity === 0;
    if (this.#underEnd !== null) this.#endAs(this.#underEnd.failure);
    else if (isAnswered) this.#endAs(null);
  }

  /** What has come may still be read, so the outputs tell of a failure themselves. */
  #onUnderEnd(failure: { readonly error: unknown } | null): void {
    this.#underEnd = { failure };
    this.send.fail(failure === null ? this.#over() : failure.error);
    if (failure === null) this.note("executed");
    else this.noteFailure(failure.error);
    if (this.#isGiven) this.#endAs(failure);
    if (this.runs.clock.now() >= this.deadlineMs) this.#failSoon();
  }

  #endAs(failure: { readonly error: unknown } | null): void {
    if (!this.end(failure?.error)) return;
    this.send.fail(failure === null ? this.#over() : failure.error);
    this.#opening.resolve(null);
    if (failure === null) this.#finished.resolve();
    else this.#finished.reject(failure.error);
    if (failure === null) this.#boundReads();
  }

  /** A reader may come late, but has no deadline any more that would end it. */
  #boundReads(): void {
    const { timeoutMs: waitMs } = this.placed, { clock } = this.runs;
    if (waitMs === Infinity) return;
    const what = `its interceptors took longer than ${waitMs} ms for a message`;
    const late = (): unknown => this.error("DeadlineExceeded", what, "executed");
    this.outputs.bound({ waitMs, late, clock });
  }

  #over(): unknown {
    return this.error("Closed", "the handler has ended the stream", "executed");
  }

  /** Sends what the interceptors have made of the caller's messages. */
  async #pump(inputs: AsyncIterable<Input>, under: Stream<Input, Output>): Promise<void> {
    const sent = this.send;
    const messages = inputs === sent ? sent : new CheckedMessages(inputs, {
      made: sent,
      failureOf: (thrown) => thrown,
      onMessagesEnd: NOTHING,
    });
    try {
      for (;;) {
        const { done, value } = await messages.next();
        if (done === true) return under.end();
        await this.#sendOne(value, under);
      }
    } catch (error) {
      void messages.return().catch(NOTHING);
      if (this.#underEnd === null) this.fail(error);
    }
  }

  /** One that is refused alone is its sender's trouble alone. */
  async #sendOne(value: Input, under: Stream<Input, Output>): Promise<void> {
    try {
      await under.send(value);
    } catch (error) {
      const isAlone = isOwnError(error) && error.outcome === "notSent" &&
        (error.code === "InvalidPayload" || error.code === "MessageTooLarge");
      if (!isAlone || this.#underEnd !== null || !this.send.refuse(error)) throw error;
    }
  }

  /** After those interceptors that only pass on what they are told. */
  #failSoon(): void {
    const { clock } = this.runs;
    clock.soon(() => {
      const late = this.lateError(false), { ended } = this;
      if (ended === null) this.fail(late);
      else this.outputs.expire(ended.error ?? late, clock);
    });
  }
}

const NOTHING = (): void => {};
