/**
 * How long a link may handle received frames before the event loop gets a turn.
 *
 * @module
 */

import type { Clock } from "../runtime/clock.ts";
import { LoopTurn } from "./loop_turn.ts";
import { DOUBLE_ZERO } from "../wire/double_zero.ts";

/** How many steps there are at most between two readings of the clock. */
const MAX_STEP = 16;
/** The factor of the budget if no handler runs: frames are only received then, and each interruption costs 50 µs and more. */
const TAKING_BUDGETS = 4;

/**
 * Limits the time that parsing, responses and handlers take in one turn of the
 * event loop, over all links of a clock. If many links have much to do, each
 * gets its share of the budget, but at least one step: a handler, or some
 * frames without one. A link that runs no handlers gets more. Reading the clock
 * after each step would cost more than a quick step, so it is read after as
 * many steps as are expected to fit, by the steps before.
 */
export class TurnBudget {
  readonly #clock: Clock;
  readonly #turn: LoopTurn;
  readonly #budgetMs: number;
  /** How many links share the time. */
  #shares = 1;
  #isSpent = false;
  #isAlone = false;
  /** Whether handlers have run since the link last began. */
  #hasServed = true;
  #startMs: number = DOUBLE_ZERO;
  #lookedMs: number = DOUBLE_ZERO;
  #ran = 0;
  #nextLook = 1;
  /** How the link goes on in a later turn; `null` if it does not wait for one. */
  #goOn: (() => void) | null = null;
  #onResumed: (() => void) | null = null;

  /** @param budgetUs The time for a turn, in microseconds. */
  constructor(clock: Clock, budgetUs: number) {
    this.#clock = clock;
    this.#turn = LoopTurn.of(clock);
    this.#budgetMs = budgetUs / 1000;
  }

  /** Whether the last step has ended the link's share of the turn. */
  get isSpent(): boolean {
    return this.#isSpent;
  }

  /**
   * Whether the link, which has something to do, may begin in this turn.
   *
   * @param isAlone Whether it was polled: then no other link runs until polling ends, and the link has a budget of its own.
   */
  start(nowMs: number, isAlone = false): boolean {
    this.#isSpent = false;
    this.#isAlone = isAlone;
    if (isAlone) this.#turn.onOver();
    this.#startMs = this.#lookedMs = nowMs;
    // Like the last time.
    const turnMs = this.#turnMs;
    this.#hasServed = false;
    this.#shares = isAlone ? 1 : 1 + this.#turn.waiting;
    this.#ran = 0;
    this.#nextLook = 1;
    return isAlone || this.#turn.mayBegin(nowMs, turnMs);
  }

  /**
   * Counts a step, and returns whether the turn has lasted long enough.
   *
   * @param hasServed Whether the step was a handler.
   */
  isOver(hasServed: boolean): boolean {
    if (hasServed) this.#hasServed = true;
    if (++this.#ran < this.#nextLook) return false;
    const nowMs = this.#clock.now();
    const spentMs = nowMs - this.#startMs;
    const turnMs = this.#turnMs;
    let leftMs = turnMs / this.#shares - spentMs;
    if (!this.#isAlone) {
      this.#turn.add(nowMs - this.#lookedMs, nowMs, this.#budgetMs);
      this.#lookedMs = nowMs;
      leftMs = Math.min(leftMs, turnMs - this.#turn.lastedMs(nowMs));
    }
    if (leftMs <= 0) return this.#isSpent = true;
    const eachMs = spentMs / this.#ran;
    const fit = eachMs > 0 ? Math.floor(leftMs / eachMs / 2) : MAX_STEP;
    this.#nextLook = this.#ran + Math.max(1, Math.min(fit, MAX_STEP));
    return false;
  }

  /** How long all links may go on in a turn, if they do what this one does. */
  get #turnMs(): number {
    return this.#hasServed ? this.#budgetMs : this.#budgetMs * TAKING_BUDGETS;
  }

  /** The link goes on in a later turn. */
  later(goOn: () => void): void {
    this.#goOn = goOn;
    this.#turn.later(this.#budgetMs, this.#resume, this.#ran > 0);
  }

  /** Whether the link waits for a later turn; if so, calls back when it has had that and waits for none. */
  isAwaited(onResumed: () => void): boolean {
    if (this.#goOn === null) return false;
    this.#onResumed = onResumed;
    return true;
  }

  readonly #resume = (): void => {
    const goOn = this.#goOn!;
    this.#goOn = null;
    goOn();
    if (this.#goOn === null) this.#onResumed?.();
  };
}
