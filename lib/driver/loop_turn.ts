/**
 * What all links of a clock do in one turn of the event loop.
 *
 * @module
 */

import { Fifo } from "../wire/fifo.ts";
import type { Clock } from "../runtime/clock.ts";

/** Somebody whose work goes on in a later turn. */
interface Waiting {
  /** How long handlers may run in a turn, in milliseconds. */
  readonly budgetMs: number;
  /** Goes on. */
  readonly goOn: () => void;
}

/** So often work may begin before the loop is asked when its turn is over, however little work that was. */
const UNMEASURED_STARTS = 32;

const turns = new WeakMap<Clock, LoopTurn>();

/**
 * The present turn of the event loop: how long frames were handled in it, over
 * all links, and who goes on in a later one. That belongs to a clock, as there
 * is one for each process, and in simulations one for each node.
 *
 * The loop does not tell when a turn begins, and asking it each time would
 * cost a quick request a fiftieth of its time. So work is added up, whatever
 * turns it was done in, and only when a quarter of the budget has gathered, or
 * work has begun 32 times, is the loop asked when the turn is over; from then on
 * time counts, whatever it is spent on. Without that second limit a peer that
 * always has a few bytes ready, of which reading costs more than parsing, would
 * keep the loop in one turn for as long as it likes.
 */
export class LoopTurn {
  readonly #clock: Clock;
  /** Those that had no time at all in the turn they wanted it. */
  readonly #newcomers = new Fifo<Waiting>();
  /** Those that had their part and have more to do. */
  readonly #interrupted = new Fifo<Waiting>();
  /** How long handlers have run since the last turn that was measured. */
  #workedMs = 0;
  /** When the present turn began, as far as it counts; `NaN`: it is not measured. */
  #startMs = NaN;
  /** The latest time that is known. */
  #latestMs = 0;
  /** How often work has begun since the last turn that was measured. */
  #starts = 0;
  #isDeferred = false;
  #hasPutOff = false;
  #isGoingOn = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The turn of a clock: always the same one. */
  static of(clock: Clock): LoopTurn {
    let turn = turns.get(clock);
    if (turn === undefined) turns.set(clock, turn = new LoopTurn(clock));
    return turn;
  }

  /** How many wait for a later turn. */
  get waiting(): number {
    return this.#newcomers.length + this.#interrupted.length;
  }

  /** How long it has lasted, as far as it counts, in milliseconds, at a time that may be past. */
  lastedMs(nowMs: number): number {
    if (Number.isNaN(this.#startMs)) return this.#workedMs;
    return Math.max(nowMs, this.#latestMs) - this.#startMs;
  }

  /** Whether somebody may begin to work; who goes on after waiting may in any case. */
  mayBegin(nowMs: number, budgetMs: number): boolean {
    if (++this.#starts === UNMEASURED_STARTS && Number.isNaN(this.#startMs)) {
      this.#measure(nowMs);
    }
    return this.#isGoingOn || this.lastedMs(nowMs) < Math.max(budgetMs, Number.MIN_VALUE);
  }

  /**
   * Handlers have run.
   *
   * @param forMs For so long, in milliseconds.
   * @param nowMs Until now.
   * @param budgetMs For how long they may in a turn.
   */
  add(forMs: number, nowMs: number, budgetMs: number): void {
    this.#latestMs = nowMs;
    if (!Number.isNaN(this.#startMs)) return;
    this.#workedMs += forMs;
    if (this.#workedMs * 4 < budgetMs) return;
    this.#measure(nowMs);
  }

  /** From now on time counts, and what was worked before. */
  #measure(nowMs: number): void {
    this.#latestMs = Math.max(this.#latestMs, nowMs);
    this.#startMs = nowMs - this.#workedMs;
    this.#clock.soon(this.onOver);
  }

  /**
   * Goes on in a later turn, after timers and sockets have had theirs.
   *
   * @param budgetMs For how long handlers may run in a turn.
   * @param goOn Called then.
   * @param hadTime Whether it has done something in this turn. Those that have not go first.
   */
  later(budgetMs: number, goOn: () => void, hadTime: boolean): void {
    (hadTime ? this.#interrupted : this.#newcomers).push({ budgetMs, goOn });
    if (this.#isDeferred) return;
    this.#isDeferred = true;
    this.#clock.defer(this.#onLater);
  }

  /** It is over, or somebody holds up the loop by polling, whose time is no reason for others to wait. */
  readonly onOver = (): void => {
    this.#startMs = NaN;
    this.#workedMs = 0;
    this.#starts = 0;
  };

  readonly #onLater = (): void => {
    const first = this.#newcomers.peek() ?? this.#interrupted.peek()!;
    if (!this.#hasTimeFor(first, 0) && !this.#hasPutOff) {
      // What has just come in has used up this turn. It may not do so for ever.
      this.#hasPutOff = true;
      this.#clock.defer(this.#onLater);
      return;
    }
    this.#hasPutOff = false;
    this.onOver();
    // Those that join in meanwhile have their turn in another one.
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
