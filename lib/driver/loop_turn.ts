/**
 * Shares the time of one turn of the event loop among all links of a clock.
 *
 * @module
 */

import { Fifo } from "../wire/fifo.ts";
import type { Clock } from "../runtime/clock.ts";
import { DOUBLE_ZERO } from "../wire/double_zero.ts";

/** Work that continues in a later turn. */
interface Waiting {
  /** How long handlers may run in a turn, in milliseconds. */
  readonly budgetMs: number;
  /** Goes on. */
  readonly goOn: () => void;
}

/** How often work may begin before the event loop is asked when its turn ends, however little work that was. */
const UNMEASURED_STARTS = 32;

const turns = new WeakMap<Clock, LoopTurn>();

/**
 * The current turn of the event loop: how long links have handled frames in it,
 * and which of them continue in a later one. There is one for each clock: one
 * in each process, and one for each node of a simulation.
 *
 * The event loop does not report when a turn begins, and asking it each time
 * would cost a quick request a fiftieth of its time. So work is added up over
 * turns. Only when it comes to a quarter of the budget, or work has begun 32
 * times, is the loop asked when the turn ends; from then on all time counts.
 * Without the second limit, a peer that always has a few bytes ready could keep
 * the loop in one turn, because reading them costs more than parsing them.
 */
export class LoopTurn {
  readonly #clock: Clock;
  /** Work that got no time in the turn in which it wanted some. */
  readonly #newcomers = new Fifo<Waiting>();
  /** Work that had its share and has more to do. */
  readonly #interrupted = new Fifo<Waiting>();
  /** How long handlers have run since the last turn that was measured. */
  #workedMs: number = DOUBLE_ZERO;
  /** When the measured part of the current turn began; `NaN` while it is not measured. */
  #startMs = NaN;
  /** The latest known time. */
  #latestMs: number = DOUBLE_ZERO;
  /** How often work has begun since the last turn that was measured. */
  #starts = 0;
  #isDeferred = false;
  #hasPutOff = false;
  #isGoingOn = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The turn of a clock; always the same object. */
  static of(clock: Clock): LoopTurn {
    let turn = turns.get(clock);
    if (turn === undefined) turns.set(clock, turn = new LoopTurn(clock));
    return turn;
  }

  /** How much work waits for a later turn. */
  get waiting(): number {
    return this.#newcomers.length + this.#interrupted.length;
  }

  /** Whether work goes on now that had to wait for this turn. */
  get isGoingOn(): boolean {
    return this.#isGoingOn;
  }

  /** How long the measured part has lasted at a given time, in milliseconds. */
  lastedMs(nowMs: number): number {
    if (Number.isNaN(this.#startMs)) return this.#workedMs;
    return Math.max(nowMs, this.#latestMs) - this.#startMs;
  }

  /** Whether new work may begin; work that has waited always may. */
  mayBegin(nowMs: number, budgetMs: number): boolean {
    if (++this.#starts === UNMEASURED_STARTS && Number.isNaN(this.#startMs)) {
      this.#measure(nowMs);
    }
    return this.#isGoingOn || this.lastedMs(nowMs) < Math.max(budgetMs, Number.MIN_VALUE);
  }

  /**
   * Handlers have run.
   *
   * @param forMs How long, in milliseconds.
   * @param nowMs When they ended.
   * @param budgetMs How long they may run in a turn.
   */
  add(forMs: number, nowMs: number, budgetMs: number): void {
    this.#latestMs = nowMs;
    if (!Number.isNaN(this.#startMs)) return;
    this.#workedMs += forMs;
    if (this.#workedMs * 4 < budgetMs) return;
    this.#measure(nowMs);
  }

  /** Measures from now on; earlier work counts too. */
  #measure(nowMs: number): void {
    this.#latestMs = Math.max(this.#latestMs, nowMs);
    this.#startMs = nowMs - this.#workedMs;
    this.#clock.soon(this.onOver);
  }

  /**
   * Continues in a later turn, after timers and sockets.
   *
   * @param budgetMs How long handlers may run in a turn.
   * @param goOn Continues the work.
   * @param hadTime Whether it has had some time in this turn. Work that has not goes first.
   */
  later(budgetMs: number, goOn: () => void, hadTime: boolean): void {
    (hadTime ? this.#interrupted : this.#newcomers).push({ budgetMs, goOn });
    if (this.#isDeferred) return;
    this.#isDeferred = true;
    this.#clock.defer(this.#onLater);
  }

  /** The turn is over, or polling blocks the loop; time of polling does not count. */
  readonly onOver = (): void => {
    this.#startMs = NaN;
    this.#workedMs = 0;
    this.#starts = 0;
  };

  readonly #onLater = (): void => {
    const first = this.#newcomers.peek() ?? this.#interrupted.peek()!;
    if (!this.#hasTimeFor(first, 0) && !this.#hasPutOff) {
      // New input has used up this turn. Waiting work is put off once only.
      this.#hasPutOff = true;
      this.#clock.defer(this.#onLater);
      return;
    }
    this.#hasPutOff = false;
    this.onOver();
    // Work that is added meanwhile waits for the next turn.
    const newcomers = this.#newcomers.length, interrupted = this.#interrupted.length;
    try {
      this.#goOn(this.#newcomers, newcomers);
      this.#goOn(this.#interrupted, interrupted);
    } finally {
      this.#isGoingOn = false;
      this.#isDeferred = this.waiting > 0;
      if (this.#isDeferred) this.#clock.defer(this.#onLater);
    }
  };

  /** As many as there is time for; one in any case. */
  #goOn(queue: Fifo<Waiting>, count: number): void {
    for (let done = 0; done < count; done++) {
      // Who would have next to nothing is better off as the first of the next turn.
      if (done > 0 && !this.#hasTimeFor(queue.peek()!, 0.5 / (this.waiting + 1))) return;
      this.#isGoingOn = true;
      queue.shift()!.goOn();
      this.#isGoingOn = false;
    }
  }

  /** Whether more than a part of the budget is left. */
  #hasTimeFor({ budgetMs }: Waiting, part: number): boolean {
    return this.lastedMs(this.#clock.now()) < budgetMs * (1 - part);
  }
}
