/**
 * An upload that goes on after a loss.
 *
 * @module
 */

import { InternodeError, invalidArgument } from "../../errors.ts";
import { tell } from "../../foreign/guard.ts";
import { resultOf } from "../../foreign/iterator_result.ts";
import { shown } from "../../foreign/text_of.ts";
import { unpromised } from "../../foreign/thenable.ts";
import type { Attempt, AttemptSettings } from "./attempt_options.ts";
import { Attempts } from "./attempts.ts";
import { GivenUpWait } from "./given_up_wait.ts";
import { PendingInputs } from "./pending_inputs.ts";
import { checkOrder, checkPosition } from "./position_order.ts";

/** What an upload needs of a stream; a `Stream` of either face is one. */
export interface UploadStream<Input, Acknowledgement> extends AsyncIterable<Acknowledgement> {
  /** Sends an input; resolves when there is room for it. */
  send(input: Input): Promise<void>;
  /** Ends the inputs. */
  end(): void;
  /** Ends the stream. */
  cancel(reason?: unknown): void;
}

/** Opens a stream for the inputs behind a position. */
export type OpenUpload<Input, Acknowledgement, Position> = (
  from: Position | undefined,
  attempt: Attempt,
) => UploadStream<Input, Acknowledgement> | Promise<UploadStream<Input, Acknowledgement>>;

/** What a {@linkcode ResumedUpload} is made from. */
export interface ResumedUploadParts<Input, Acknowledgement, Position> {
  /** Opens the stream. */
  readonly open: OpenUpload<Input, Acknowledgement, Position>;
  /** The position of an input. */
  readonly position: (input: Input) => Position;
  /** What an output acknowledges. */
  readonly acknowledged: (output: Acknowledgement) => Position | undefined;
  /** What was acknowledged before. */
  readonly from: Position | undefined;
  /** The order of positions. */
  readonly compare: (a: Position, b: Position) => number;
  /** How many inputs are kept. */
  readonly maxPending: number;
  /** How it goes on. */
  readonly attempts: AttemptSettings;
}

/**
 * What {@linkcode resumeUpload} gives. It ends when `end` has resolved, when it
 * is cancelled, or with an error, with which `send`, `flush` and `end` reject.
 *
 * @typeParam Input What is sent.
 * @typeParam Acknowledgement What the handler answers.
 * @typeParam Position Where an input stands.
 */
export class ResumedUpload<Input, Acknowledgement, Position> implements AsyncDisposable {
  readonly #parts: ResumedUploadParts<Input, Acknowledgement, Position>;
  readonly #attempts: Attempts;
  readonly #pending: PendingInputs<Input, Position>;
  readonly #opening = new GivenUpWait();
  readonly #finished: PromiseWithResolvers<void> = Promise.withResolvers();
  #acknowledged: Position | undefined;
  /** The position of the input that was given last. */
  #last: Position | undefined;
  #stream: UploadStream<Input, Acknowledgement> | null = null;
  #running = false;
  #ended = false;

  /** Made by {@linkcode resumeUpload}. */
  constructor(parts: ResumedUploadParts<Input, Acknowledgement, Position>) {
    this.#parts = parts;
    this.#acknowledged = this.#last = parts.from;
    this.#pending = new PendingInputs(parts.maxPending);
    this.#finished.promise.catch(() => {});
    this.#attempts = new Attempts(parts.attempts, "The upload", (error) => this.#close(error));
  }

  /** The last position that the handler has acknowledged. */
  get acknowledged(): Position | undefined {
    return this.#acknowledged;
  }

  /** How many inputs are not acknowledged yet. */
  get pending(): number {
    return this.#pending.length;
  }

  /** How often the stream was opened. */
  get attempts(): number {
    return this.#attempts.count;
  }

  /**
   * Takes an input, and keeps it until it is acknowledged: it must not be changed
   * before. Resolves when there is room for it, at once if fewer than
   * `maxPending` are kept.
   *
   * @param input The input.
   * @throws {InternodeError} `InvalidArgument` after `end`, or if its position is not behind that of the input before; else what ended the upload.
   */
  async send(input: Input): Promise<void> {
    this.#check();
    if (this.#ended) throw invalidArgument("This upload takes no inputs: it was ended.");
    const { position: positionOf, compare } = this.#parts;
    const position = checkPosition(positionOf(input)), last = this.#last;
    if (last !== undefined && checkOrder(compare(position, last)) <= 0) {
      throw invalidArgument(
        `Position ${shown(position)} of an input is not behind ${
          shown(last)
        }, that of the one before.`,
      );
    }
    this.#last = position;
    const kept = this.#pending.add(input, position);
    this.#begin();
    await kept;
  }

  /** Resolves when all inputs so far are acknowledged; rejects with what ends the upload before. */
  async flush(): Promise<void> {
    this.#check();
    await this.#pending.flushed();
  }

  /** Takes no more inputs. Resolves when all are acknowledged and the handler has ended; rejects with what ends the upload before. Any number of calls. */
  end(): Promise<void> {
    this.#ended = true;
    if (this.#attempts.ending === null) {
      if (this.#pending.length === 0 && !this.#running) this.#attempts.end(undefined);
      else this.#pending.wake();
    }
    return this.#finished.promise;
  }

  /**
   * Ends the upload, and gives up what is not acknowledged.
   *
   * @param reason What `send`, `flush` and `end` reject with. Default: an `InternodeError` of code `Cancelled`.
   */
  cancel(reason?: unknown): void {
    this.#attempts.end(
      reason ?? new InternodeError("Cancelled", "The upload was cancelled.", {
        origin: "caller",
        outcome: "maybeExecuted",
      }),
    );
  }

  /** Cancels the upload if it has not ended. */
  [Symbol.asyncDispose](): Promise<void> {
    this.cancel();
    return Promise.resolve();
  }

  #check(): void {
    const { ending } = this.#attempts;
    if (ending === null) return;
    throw ending.error ??
      new InternodeError("Closed", "The upload has ended.", { origin: "caller" });
  }

  #begin(): void {
    if (this.#running) return;
    this.#running = true;
    void this.#run();
  }

  /** One attempt after the other, for as long as there is something to send. Never rejects. */
  async #run(): Promise<void> {
    const attempts = this.#attempts;
    while (attempts.ending === null && (this.#pending.length > 0)) {
      try {
        await this.#attempt();
      } catch (error) {
        this.#stopStream();
        if (this.#pending.length > 0) await attempts.afterFailure(error, this.#acknowledged);
        else attempts.onProgress();
      }
    }
    this.#running = false;
    if (this.#ended) attempts.end(undefined);
  }

  /** Opens the stream and sends; resolves when it has ended well, or when nobody waits for it. */
  async #attempt(): Promise<void> {
    const made = Promise.resolve(this.#parts.open(this.#acknowledged, this.#attempts.begin()));
    const stream = await this.#opening.for(made.then((opened) => {
      if (this.#attempts.ending === null) return opened;
      tell(() => opened.cancel(), () => {});
      return null;
    }));
    if (stream === null) return;
    this.#stream = stream;
    // It may have ended after the opening, before the stream stood where its end looks.
    if (this.#attempts.ending !== null) return this.#stopStream();
    this.#pending.rewind();
    await Promise.race([
      this.#read(stream),
      // It ends before the other one, and then it only counts if it has failed.
      this.#write(stream).then(() => new Promise<never>(() => {})),
    ]);
    this.#stream = null;
    if (this.#pending.length > 0 || !this.#ended) throw ENDED;
  }

  async #read(stream: UploadStream<Input, Acknowledgement>): Promise<void> {
    const outputs = stream[Symbol.asyncIterator]();
    for (;;) {
      const { done, value } = resultOf<Acknowledgement>(await outputs.next(), "stream");
      if (done === true || this.#stream !== stream) return;
      const position = unpromised(this.#parts.acknowledged(value), "Option acknowledged");
      if (position === undefined) continue;
      const { compare } = this.#parts;
      const isCovered = (sent: Position): boolean => checkOrder(compare(sent, position)) <= 0;
      if (!this.#pending.acknowledge(isCovered)) continue;
      this.#acknowledged = position;
      this.#attempts.onProgress();
    }
  }

  async #write(stream: UploadStream<Input, Acknowledgement>): Promise<void> {
    while (this.#stream === stream) {
      const next = this.#pending.next();
      if (next !== null) await stream.send(next.input);
      else if (this.#ended) return stream.end();
      else await this.#pending.more();
    }
  }

  #stopStream(): void {
    const stream = this.#stream;
    this.#stream = null;
    this.#pending.wake();
    if (stream !== null) tell(() => stream.cancel(), () => {});
  }

  #close(error: unknown): void {
    this.#opening.stop();
    this.#stopStream();
    if (error === undefined) this.#finished.resolve();
    else this.#finished.reject(error);
    this.#pending.giveUp(error ?? ENDED);
  }
}

const ENDED = new InternodeError("Closed", "The handler has ended before the upload was done.", {
  origin: "remote",
  outcome: "executed",
});
