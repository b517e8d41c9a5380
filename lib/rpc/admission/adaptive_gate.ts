/**
 * A gate whose limit follows how long the handler takes.
 *
 * @module
 */

import { LoopTurn } from "../../driver/loop_turn.ts";
import { TurnBudget } from "../../driver/turn_budget.ts";
import type { Clock, Timer } from "../../runtime/clock.ts";
import { AdaptiveLimit, type LimitRange } from "./adaptive_limit.ts";
import { ConcurrencyGate, type WaitingCall } from "./concurrency_gate.ts";
import { WaitBound } from "./wait_bound.ts";
import { DOUBLE_ZERO } from "../../wire/double_zero.ts";

/** What part of a turn's time handlers may run in at once; what comes later in the turn waits for another one, and the frames behind it are read. */
const INLINE_PART = 0.25;

/** What an adaptive gate follows. */
export interface AdaptiveGateOptions extends LimitRange {
  /** How many calls may wait at most. */
  readonly maxWaiting: number;
  /** How long each of them may wait. */
  readonly maxWaitMs: number;
}

/**
 * Bounds how many calls run by an {@linkcode AdaptiveLimit}, and how long
 * others wait by a {@linkcode WaitBound}.
 *
 * Handlers that compute hardly ever run two at a time: calls wait for the event
 * loop instead, and unread in the socket, where nobody knows how long they have
 * waited. So only a part of each turn of the loop is for calls that begin as
 * they come. The others wait here, so that what stands behind them in the socket
 * is read, and takes its place among them or is refused, which costs little.
 */
export class AdaptiveGate extends ConcurrencyGate {
  readonly #limit: AdaptiveLimit;
  readonly #bound: WaitBound;
  #clock: Clock | null = null;
  #budget: TurnBudget | null = null;
  #turn: LoopTurn | null = null;
  #inlineMs: number = DOUBLE_ZERO;
  #isDeferred = false;
  /** Ends the waiting of calls that no slot becomes free for. */
  #timer: Timer | null = null;

  constructor(options: AdaptiveGateOptions) {
    super(options.initial, options.maxWaiting);
    this.#limit = new AdaptiveLimit(options);
    this.#bound = new WaitBound(options.maxWaitMs);
  }

  override get concurrency(): number {
    return this.#limit.limit;
  }

  /** See {@linkcode ConcurrencyGate}. The first clock stays, where several servers have the same handlers. */
  override use(clock: Clock, inlineHandlerUs: number): void {
    if (this.#clock !== null) return;
    this.#clock = clock;
    this.#budget = new TurnBudget(clock, inlineHandlerUs);
    this.#turn = LoopTurn.of(clock);
    this.#inlineMs = inlineHandlerUs / 1_000 * INLINE_PART;
  }

  override tryEnter(turnMs: number): boolean {
    if (this.waiting > 0) return false;
    if (this.running >= this.concurrency) {
      this.#limit.onReached();
      return false;
    }
    const nowMs = this.#clock!.now(), turn = this.#turn!;
    const forMs = Math.max(nowMs - turnMs, turn.lastedMs(nowMs));
    if (forMs > this.#inlineMs || turn.waiting > 0 || turn.isGoingOn) return false;
    this.begin(nowMs);
    return true;
  }

  override wait(call: WaitingCall): void {
    super.wait(call);
    this.#bound.onWait(call.sinceMs);
    this.#timer ??= this.#clock!.setTimer(this.#bound.maxWaitMs, this.#onTimer);
    if (this.running < this.concurrency) this.#later();
  }

  override leave(isAnswered: boolean): void {
    this.#limit.onEnd(this.#clock!.now(), isAnswered);
    super.leave(isAnswered);
  }

  protected override mostWaiting(nowMs: number): number {
    return Math.min(super.mostWaiting(nowMs), this.#bound.most(nowMs));
  }

  protected override begin(nowMs: number): void {
    this.#limit.onBegin(nowMs);
    super.begin(nowMs);
  }

  protected override onEmpty(): void {
    super.onEmpty();
    this.#bound.onEmpty();
    if (this.#timer !== null) this.#clock!.clearTimer(this.#timer);
    this.#timer = null;
  }

  /** Starts calls as long as there are slots, and time in this turn of the event loop. */
  protected override startWaiting(): void {
    if (this.#isDeferred || this.waiting === 0) return;
    const clock = this.#clock!, budget = this.#budget!;
    let nowMs = clock.now();
    if (!budget.start(nowMs)) return this.#later();
    while (this.running < this.concurrency) {
      const next = this.take();
      if (next === null) return;
      const isLate = nowMs - next.sinceMs > this.#bound.maxWaitMs;
      if (isLate) next.refuse();
      else if (next.deadlineMs > nowMs) {
        this.#bound.onBegin(nowMs);
        this.begin(nowMs);
        next.start();
      }
      if (budget.isOver(!isLate) && this.waiting > 0) return this.#later();
      nowMs = clock.now();
    }
    if (this.waiting > 0) this.#limit.onReached();
  }

  #later(): void {
    if (this.#isDeferred) return;
    this.#isDeferred = true;
    this.#budget!.later(this.#goOn);
  }

  readonly #goOn = (): void => {
    this.#isDeferred = false;
    this.flow();
  };

  /** Refuses those that have waited for too long. */
  readonly #onTimer = (): void => {
    this.#timer = null;
    const { maxWaitMs } = this.#bound, nowMs = this.#clock!.now();
    let oldestMs = Infinity;
    this.queue.filter((call) => {
      if (!call.isWanted) return false;
      if (nowMs - call.sinceMs < maxWaitMs) {
        oldestMs = Math.min(oldestMs, call.sinceMs);
        return true;
      }
      this.forget(call);
      call.refuse();
      return false;
    });
    if (this.waiting === 0) return;
    const inMs = Math.max(1, oldestMs + maxWaitMs - nowMs);
    this.#timer ??= this.#clock!.setTimer(inMs, this.#onTimer);
  };
}
