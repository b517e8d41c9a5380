/**
 * A question that many hosts are asked.
 *
 * @module
 */

import { hasAborted, leaveSignal, listenTo, reasonOf } from "../../foreign/signal.ts";
import { follow, thenOf, unpromised } from "../../foreign/thenable.ts";
import { loggerOf } from "../../rpc/contract/logger.ts";
import { abort, guardedController } from "../../runtime/abort.ts";
import type { Timer } from "../../runtime/clock.ts";
import type { QuorumPlan } from "./gather_options.ts";
import { cancelled, type Gathered, gathered, lateError } from "./gathered.ts";
import { failureOf, type HostResult, notAsked } from "./host_result.ts";
import { QuorumError } from "./quorum_error.ts";
import { type TurnTime, turnTimeOf } from "./turn_time.ts";

/** What is asked, and whom. */
export interface Question {
  /** What is asked, for people. */
  readonly what: string;
  /** Who is asked, in this order. */
  readonly hosts: readonly string[];
  /** Whether it is code of the user's that asks: it may not end in time, and listeners of its signal may throw. */
  readonly isForeign: boolean;
  /** Asks one; a promise of the answer. */
  ask(index: number, signal: AbortSignal, timeoutMs: number | undefined): unknown;
}

/**
 * A question under way, from `gather`. Await it for the whole, iterate it for
 * each result as it comes, or both. It begins when it is made, whether anybody
 * waits for it or not, and a rejection that nobody waits for goes unnoticed.
 *
 * Each iterator gives every result from the first on. It ends when the whole is
 * decided (with `rest: "finish"` when all hosts have ended), and throws what the
 * whole rejects with. Leaving it early cancels what is not done, unless `rest`
 * is `"finish"`.
 *
 * @typeParam Value What hosts answer.
 */
export class Gathering<Value>
  implements PromiseLike<Gathered<Value>>, AsyncIterable<HostResult<Value>> {
  readonly #question: Question;
  /** With `never`, here and below, a gathering of one type will do for a wider one. */
  readonly #plan: QuorumPlan<never>;
  readonly #controller: AbortController;
  readonly #whole = Promise.withResolvers<Gathered<never>>();
  readonly #results: HostResult<Value>[] = [];
  readonly #time: TurnTime;
  readonly #startMs: number;
  /** When each was asked; `ENDED`: its result has come. */
  readonly #askedMs: number[] = [];
  #open = 0;
  /** How many may be asked by now, and were asked. */
  #allowed: number;
  #next = 0;
  #accepted = 0;
  /** Whether it is clear how the whole ends. */
  #isDecided = false;
  /** Whether no more are asked. */
  #isOver = false;
  /** How many results iterators give; `null`: it is not known yet. */
  #shown: number | null = null;
  #failure: { readonly error: unknown } | null = null;
  #waiting: (() => void)[] = [];
  #finished: PromiseWithResolvers<readonly HostResult<never>[]> | null = null;
  #hedge: Timer | null = null;
  #deadline: Timer | null = null;

  /** Made, and begun, by `gather`. */
  constructor(question: Question, plan: QuorumPlan<Value>) {
    this.#question = question;
    this.#plan = plan;
    this.#controller = question.isForeign
      ? guardedController(loggerOf(undefined), "a function of gather")
      : new AbortController();
    this.#whole.promise.catch(ignore);
    const { need, hedgeDelayMs, timeoutMs = Infinity, clock, signal } = plan;
    const count = question.hosts.length;
    this.#time = turnTimeOf(clock);
    this.#startMs = this.#time.now();
    this.#allowed = hedgeDelayMs === null ? count : need;
    if (hasAborted(signal)) {
      this.#abort(reasonOf(signal));
    } else if (need > count || count === 0) {
      this.#decide();
    } else if (timeoutMs <= 0) {
      this.#endAll(lateError(question.what));
    } else {
      if (signal !== undefined) listenTo(signal, this, (thrown) => this.#abort(thrown));
      if (question.isForeign && timeoutMs < Infinity) {
        this.#deadline = clock.setTimer(timeoutMs, () => {
          this.#deadline = null;
          this.#endAll(lateError(question.what));
        });
      }
      this.#fill();
      if (hedgeDelayMs !== null && !this.#isOver && this.#next < count) {
        this.#hedge = clock.setTimer(hedgeDelayMs, () => {
          this.#hedge = null;
          this.#allowed = count;
          this.#fill();
        });
      }
    }
  }

  /** Waits for the whole; it rejects with a `QuorumError`, or with the reason of the signal. */
  then<Result = Gathered<Value>, Caught = never>(
    onFulfilled?: ((gathered: Gathered<Value>) => Result | PromiseLike<Result>) | null,
    onRejected?: ((error: unknown) => Caught | PromiseLike<Caught>) | null,
  ): Promise<Result | Caught> {
    return this.#whole.promise.then(onFulfilled, onRejected);
  }

  /** What all hosts have said in the end, also those whose answers came after the whole was decided, in the order in which it came; one for each. Those that were cancelled have failed with `Cancelled`. Never rejects. */
  get finished(): Promise<readonly HostResult<Value>[]> {
    if (this.#finished === null) {
      this.#finished = Promise.withResolvers();
      if (this.#results.length === this.#question.hosts.length) {
        this.#finished.resolve(this.#results as HostResult<never>[]);
      }
    }
    return this.#finished.promise;
  }

  /**
   * Ends what is not done: its calls are cancelled.
   *
   * @param reason What the hosts that have not answered fail with. Default: an `InternodeError` of code `Cancelled`.
   */
  cancel(reason?: unknown): void {
    if (this.#open > 0 || !this.#isOver) {
      this.#endAll(reason ?? cancelled(this.#question.what, "its caller has cancelled it"));
    }
  }

  /** The signal has aborted. */
  handleEvent(): void {
    this.#abort(reasonOf(this.#plan.signal));
  }

  /** Each result as it comes. */
  [Symbol.asyncIterator](): AsyncIterableIterator<HostResult<Value>> {
    let next = 0, isLeft = false;
    const step = async (): Promise<IteratorResult<HostResult<Value>>> => {
      for (;;) {
        if (isLeft) return DONE;
        if (next < (this.#shown ?? this.#results.length)) {
          return { done: false, value: this.#results[next++]! };
        }
        if (this.#failure !== null) throw this.#failure.error;
        if (this.#shown !== null) return DONE;
        await new Promise<void>((wake) => this.#waiting.push(wake));
      }
    };
    const leave = (): Promise<IteratorResult<HostResult<Value>>> => {
      isLeft = true;
      if (!this.#plan.finishes) this.cancel();
      this.#wake();
      return Promise.resolve(DONE);
    };
    return {
      next: step,
      return: leave,
      [Symbol.asyncIterator](): AsyncIterableIterator<HostResult<Value>> {
        return this;
      },
    };
  }

  /** Asks as many as may be asked. */
  #fill(): void {
    const { concurrency } = this.#plan, { hosts } = this.#question;
    const end = Math.min(this.#allowed, hosts.length);
    while (!this.#isOver && this.#next < end && this.#open < concurrency) {
      this.#ask(this.#next++);
    }
  }

  #ask(index: number): void {
    const { timeoutMs } = this.#plan;
    const nowMs = this.#time.now(), spentMs = nowMs - this.#startMs;
    this.#askedMs[index] = nowMs;
    this.#open++;
    let answer: unknown;
    try {
      const leftMs = timeoutMs === undefined ? undefined : timeoutMs - spentMs;
      answer = this.#question.ask(index, this.#controller.signal, leftMs);
    } catch (thrown) {
      this.#onThrown(index, thrown);
      return;
    }
    const then = thenOf(answer);
    if (then === null) {
      this.#onValue(index, answer as Value);
      return;
    }
    follow<Value>(
      answer,
      then,
      (value) => this.#onValue(index, value),
      (thrown) => this.#onThrown(index, thrown),
    );
  }

  #onValue(index: number, value: Value): void {
    if (this.#askedMs[index] === ENDED) return;
    const host = this.#question.hosts[index]!, ms = this.#ms(index), { accept } = this.#plan;
    if (accept === undefined) {
      this.#settle(index, { ok: true, host, value, accepted: true, ms });
      return;
    }
    let result: HostResult<Value>;
    try {
      const verdict: unknown = unpromised(accept(value as never, host), "Option accept");
      result = { ok: true, host, value, accepted: verdict === true, ms };
    } catch (thrown) {
      result = { ...failureOf(host, thrown, ms), outcome: "executed" };
    }
    this.#settle(index, result);
  }

  #onThrown(index: number, thrown: unknown): void {
    if (this.#askedMs[index] === ENDED) return;
    // Whoever throws nothing has failed all the same.
    const error = thrown ?? new Error("It was rejected without a reason");
    this.#settle(index, failureOf(this.#question.hosts[index]!, error, this.#ms(index)));
  }

  #ms(index: number): number {
    return this.#time.now() - this.#askedMs[index]!;
  }

  /** A host has ended. */
  #settle(index: number, result: HostResult<Value>): void {
    // What a user's function does to it meanwhile counts.
    if (this.#askedMs[index] === ENDED) return;
    this.#askedMs[index] = ENDED;
    this.#open--;
    this.#results.push(result);
    if (result.ok && result.accepted) this.#accepted++;
    else this.#allowed++;
    // Most answers decide nothing.
    const { need } = this.#plan, { length } = this.#question.hosts;
    if (this.#shown === null && (need > 0 || this.#results.length === length)) this.#decide();
    if (this.#next < length && !this.#isOver) this.#fill();
    if (this.#results.length === length) this.#checkFinished();
    if (this.#waiting.length > 0) this.#wake();
  }

  /** Whether it is clear by now how the whole ends. */
  #decide(): void {
    const { need, finishes, hedgeDelayMs } = this.#plan, { what, hosts } = this.#question;
    const results = this.#results, count = hosts.length;
    if (this.#isDecided) return;
    const refused = results.length - this.#accepted;
    if (need > 0 && count - refused < need) {
      const error = new QuorumError(what, need, count, [...results], this.#open > 0);
      this.#fail(error);
      this.#stop(finishes, false, "as too few hosts can answer");
    } else if (need > 0 ? this.#accepted >= need : results.length === count) {
      this.#isDecided = true;
      this.#whole.resolve(gathered(results) as Gathered<never>);
      if (!finishes) this.#shown = results.length;
      this.#stop(finishes, hedgeDelayMs === null, "as enough hosts have answered");
    }
  }

  #fail(error: unknown): void {
    this.#isDecided = true;
    this.#whole.reject(error);
    this.#failure ??= { error };
    this.#shown = this.#results.length;
  }

  /**
   * Asks no more hosts, unless those that wait for their turn are to be asked still.
   *
   * @param finishes Whether those that were asked may finish.
   */
  #stop(finishes: boolean, asksOn: boolean, why: string): void {
    const count = this.#question.hosts.length;
    if (this.#results.length === count) {
      this.#checkFinished();
    } else if (!finishes) {
      this.#endAll(cancelled(this.#question.what, why));
    } else if (!asksOn) {
      this.#isOver = true;
      this.#clearHedge();
      if (this.#next === count) return;
      this.#dropUnasked(cancelled(this.#question.what, why));
      this.#checkFinished();
    }
  }

  #dropUnasked(error: unknown): void {
    const { hosts } = this.#question;
    while (this.#next < hosts.length) {
      const index = this.#next++;
      this.#askedMs[index] = ENDED;
      this.#results.push(notAsked(hosts[index]!, error));
    }
  }

  /** The user's signal has aborted: that is the end of the whole, too. */
  #abort(reason: unknown): void {
    if (!this.#isDecided) this.#fail(reason);
    else if (this.#shown === null) {
      this.#failure = { error: reason };
      this.#shown = this.#results.length;
    }
    this.#endAll(reason);
  }

  /** Ends all that are not done with this error. */
  #endAll(error: unknown): void {
    if (this.#isOver && this.#open === 0) return;
    this.#isOver = true;
    this.#clearHedge();
    const { hosts } = this.#question, asked = this.#next;
    this.#dropUnasked(error);
    const wasOpen = this.#open;
    for (let index = 0; index < asked && this.#open > 0; index++) {
      if (this.#askedMs[index] === ENDED) continue;
      const ms = this.#ms(index);
      this.#askedMs[index] = ENDED;
      this.#open--;
      const failure = failureOf(hosts[index]!, error, ms);
      this.#results.push({ ...failure, outcome: "maybeExecuted" });
    }
    if (this.#shown === null) this.#decide();
    this.#end();
    this.#checkFinished();
    this.#wake();
    // Last, as it runs what listens to it.
    if (wasOpen === 0) return;
    if (this.#question.isForeign) abort(this.#controller, error);
    else this.#controller.abort(error);
  }

  #checkFinished(): void {
    const count = this.#question.hosts.length;
    if (this.#results.length < count) return;
    this.#shown ??= count;
    this.#end();
    this.#finished?.resolve(this.#results as HostResult<never>[]);
  }

  /** Nothing is left to be done. */
  #end(): void {
    this.#isOver = true;
    this.#clearHedge();
    const { clock, signal } = this.#plan;
    if (this.#deadline !== null) clock.clearTimer(this.#deadline);
    this.#deadline = null;
    if (signal !== undefined) leaveSignal(signal, this);
  }

  #clearHedge(): void {
    if (this.#hedge !== null) this.#plan.clock.clearTimer(this.#hedge);
    this.#hedge = null;
  }

  #wake(): void {
    if (this.#waiting.length === 0) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) wake();
  }
}

/** In the place of the time when a host was asked. */
const ENDED = -Infinity;
const DONE: IteratorReturnResult<undefined> = { done: true, value: undefined };

function ignore(): void {}
