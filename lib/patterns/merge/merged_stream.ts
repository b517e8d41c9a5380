/**
 * Many streams as one.
 *
 * @module
 */

import { InternodeError } from "../../errors.ts";
import { hasAborted, leaveSignal, listenTo, reasonOf } from "../../foreign/signal.ts";
import { loggerOf } from "../../rpc/contract/logger.ts";
import { abort, guardedController } from "../../runtime/abort.ts";
import { failureOf, type HostFailure } from "../gather/host_result.ts";
import type { MergePlan, OnError } from "./merge_options.ts";
import { MergeSource } from "./merge_source.ts";

/**
 * An output of one host.
 *
 * @typeParam Output What hosts send.
 */
export interface HostOutput<Output> {
  /** It is an output. */
  readonly ok: true;
  /** Whose. */
  readonly host: string;
  /** The output. */
  readonly value: Output;
}

/**
 * What the merged stream gives: outputs, and with `onError: "skip"` also the
 * failures of hosts, each once, behind all that was read of that host.
 *
 * @typeParam Output What hosts send.
 * @typeParam Errors What becomes of the whole when one stream fails.
 */
export type Merged<Output, Errors extends OnError> =
  | HostOutput<Output>
  | ("skip" extends Errors ? HostFailure : never);

/** One stream to be merged. */
export interface Opening<Output> {
  readonly host: string;
  open(signal: AbortSignal): AsyncIterable<Output>;
}

/**
 * The streams of many hosts as one, from `mergeStreams`: each output with its
 * host. At most one output of each host is taken ahead of the reader, so that a
 * slow reader slows each host down by itself.
 *
 * It ends well only when each stream has ended well, or, with `onError: "skip"`,
 * has been given as a failure. After an error, every `next()` rejects with it.
 * Leaving the loop early cancels all streams.
 *
 * @typeParam Output What hosts send.
 * @typeParam Errors What becomes of the whole when one stream fails.
 */
export class MergedStream<Output, Errors extends OnError = "fail">
  implements AsyncIterableIterator<Merged<Output, Errors>> {
  readonly #plan: MergePlan<Output>;
  readonly #sources: readonly MergeSource<Output>[];
  readonly #controller = guardedController(loggerOf(undefined), "a stream of mergeStreams");
  readonly #startMs: number;
  /** Those with something to be told, in the order in which that came. */
  readonly #news: MergeSource<Output>[] = [];
  /** How many are being read. */
  #reading = 0;
  #open: number;
  #isBegun = false;
  /** Whether the clean end was told. */
  #isDone = false;
  #failure: { readonly error: unknown } | null = null;
  #wake: (() => void) | null = null;
  #last: Promise<unknown> = Promise.resolve();

  /** Made by `mergeStreams`. */
  constructor(openings: readonly Opening<Output>[], plan: MergePlan<Output>) {
    this.#plan = plan;
    this.#startMs = plan.clock.now();
    const { signal } = plan, isAborted = hasAborted(signal), own = this.#controller.signal;
    this.#sources = isAborted
      ? []
      : openings.map(({ host, open }) =>
        new MergeSource(host, plan, () => open(own), (source) => this.#onChange(source))
      );
    this.#open = this.#sources.length;
    for (const source of this.#sources) if (source.state === "failed") this.#news.push(source);
    if (isAborted) this.#fail(reasonOf(signal));
    else if (signal !== undefined) listenTo(signal, this, (thrown) => this.#fail(thrown));
  }

  /** The signal has aborted. */
  handleEvent(): void {
    this.#fail(reasonOf(this.#plan.signal));
  }

  /** Reads the next one. */
  next(): Promise<IteratorResult<Merged<Output, Errors>>> {
    const next = this.#last.then(() => this.#step());
    this.#last = next.catch(ignore);
    return next;
  }

  /** Cancels all streams; who reads on gets an error. */
  return(): Promise<IteratorResult<Merged<Output, Errors>>> {
    this.#fail(leftError());
    return Promise.resolve(DONE);
  }

  /** Cancels all streams that have not ended. */
  [Symbol.asyncDispose](): Promise<void> {
    this.#fail(leftError());
    return Promise.resolve();
  }

  /** Itself. */
  [Symbol.asyncIterator](): this {
    return this;
  }

  async #step(): Promise<IteratorResult<Merged<Output, Errors>>> {
    if (!this.#isBegun) {
      this.#isBegun = true;
      for (const source of this.#sources) this.#read(source);
    }
    for (;;) {
      if (this.#failure !== null) throw this.#failure.error;
      const source = this.#pick();
      if (source !== null) {
        if (source.state === "ready") {
          const value = source.take();
          this.#read(source);
          return { done: false, value: { ok: true, host: source.host, value } };
        }
        this.#open--;
        if (source.state === "failed") {
          if (!this.#plan.skips) {
            this.#fail(source.error);
            continue;
          }
          const failure = failureOf(
            source.host,
            source.error,
            this.#plan.clock.now() - this.#startMs,
          );
          return { done: false, value: failure as Merged<Output, Errors> };
        }
      } else if (this.#open === 0) {
        this.#isDone = true;
        this.#end();
        return DONE;
      } else {
        await new Promise<void>((wake) => this.#wake = wake);
        this.#wake = null;
      }
    }
  }

  /** Whose turn it is; `null`: that is not known yet, or nobody's. */
  #pick(): MergeSource<Output> | null {
    const news = this.#news;
    if (this.#plan.orderBy === null) return news.shift() ?? null;
    // Ends and failures are told at once; they are not in anybody's way.
    const over = news.findIndex(({ state }) => state !== "ready");
    if (over !== -1) return news.splice(over, 1)[0]!;
    if (this.#reading > 0 || news.length === 0) return null;
    let first: MergeSource<Output> | null = null;
    for (const source of this.#sources) {
      if (source.state === "ready" && (first === null || this.#isBefore(source, first))) {
        first = source;
      }
    }
    news.splice(news.indexOf(first!), 1);
    return first;
  }

  #isBefore({ key: a }: MergeSource<Output>, { key: b }: MergeSource<Output>): boolean {
    return this.#plan.descending ? a! > b! : a! < b!;
  }

  #read(source: MergeSource<Output>): void {
    if (source.state !== "idle") return;
    this.#reading++;
    source.read();
  }

  /** Something has come of a stream that was being read. */
  #onChange(source: MergeSource<Output>): void {
    this.#reading--;
    this.#news.push(source);
    this.#wake?.();
  }

  /** No more is given, but this error. */
  #fail(error: unknown): void {
    if (this.#failure !== null || this.#isDone) return;
    this.#failure = { error };
    this.#news.length = 0;
    this.#end();
    for (const source of this.#sources) source.leave();
    this.#wake?.();
    abort(this.#controller, error);
  }

  #end(): void {
    const { signal } = this.#plan;
    if (signal !== undefined) leaveSignal(signal, this);
  }
}

const DONE: IteratorReturnResult<undefined> = { done: true, value: undefined };

function leftError(): InternodeError {
  return new InternodeError(
    "Closed",
    "The reader of these streams stopped before their end, so the rest was dropped.",
    { origin: "caller", outcome: "maybeExecuted" },
  );
}

function ignore(): void {}
