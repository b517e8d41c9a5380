/**
 * Time that passes only when a test lets it.
 *
 * @module
 */

import type { Clock, Timer } from "../../runtime/clock.ts";
import { InternodeError } from "../../errors.ts";
import { EventQueue, roundUp } from "./event_queue.ts";
import {
  makeNodeClock,
  type NodeClock,
  type NodeClockOptions,
  requireDelay,
} from "./node_clock.ts";
import { eachTurn } from "./turn.ts";
import { finite, optionsOf, positive } from "../../foreign/option_checks.ts";

/** How virtual time starts, and when it gives up. */
export interface VirtualClockOptions {
  /** What `now()` shows at first, in milliseconds. Default: 1,000,000. */
  startMs?: number;
  /** What `wallNow()` shows at first, in milliseconds since 1970. Default: 1 January 2030. */
  epochMs?: number;
  /** How many events may happen without time moving, before it counts as an endless loop. Default: 1,000,000. */
  maxEventsPerInstant?: number;
}

/** Somebody who awaits that virtual time gets somewhere. */
interface Waiter {
  /** Whether to go on as soon as this holds; asked after each event. */
  readonly condition: (() => boolean) | null;
  /** When to end at the latest. */
  readonly untilMs: number;
  readonly onDone: () => void;
  readonly onLimit: () => void;
  readonly onFailure: (error: unknown) => void;
}

/**
 * A clock for simulations. Time stands still until one of
 * {@linkcode VirtualClock.advance}, {@linkcode VirtualClock.settle},
 * {@linkcode VirtualClock.runUntil} or {@linkcode VirtualClock.complete} is
 * awaited; it then jumps from one event to the next, and all promise reactions
 * to an event run before the next one happens. The same code so sees the same
 * history every time, and a simulated minute takes as long as what happens in it.
 *
 * They may be awaited within one another and side by side: an async function
 * under `complete` can itself `await clock.advance(100)` as a pause.
 *
 * Times are exact multiples of 1/1024 ms; delays are rounded up to one. What
 * takes real time (files, sockets, `crypto.subtle`) is invisible to this clock:
 * wrap it in {@linkcode VirtualClock.hold}.
 *
 * @example
 * ```ts
 * import { VirtualClock } from "@internode/grid/testing";
 * import { assertEquals } from "@std/assert";
 *
 * const clock = new VirtualClock();
 * const start = clock.now();
 * let rings = 0;
 * clock.setTimer(60_000, () => rings++);
 *
 * await clock.advance(59_999);
 * assertEquals(rings, 0);
 * await clock.runUntil(() => rings === 1, 1_000);
 * assertEquals(clock.now() - start, 60_000);
 * ```
 */
export class VirtualClock implements Clock {
  readonly #queue: EventQueue;
  readonly #startMs: number;
  readonly #epochMs: number;
  readonly #maxEventsPerInstant: number;
  readonly #held = new Set<Promise<unknown>>();
  #waiters: Waiter[] = [];
  #pumping = false;
  #instant = 0;
  #eventsAtInstant = 0;

  /**
   * Starts a clock that stands still.
   *
   * @param options How time starts.
   */
  constructor(options: VirtualClockOptions = {}) {
    const { startMs, epochMs, maxEventsPerInstant } = optionsOf("VirtualClock", options);
    this.#queue = new EventQueue(finite("startMs", startMs, 1_000_000));
    this.#startMs = this.#queue.now;
    this.#epochMs = finite("epochMs", epochMs, Date.UTC(2030, 0, 1));
    this.#maxEventsPerInstant = positive("maxEventsPerInstant", maxEventsPerInstant, 1_000_000);
  }

  /** How many events are still to happen, those of frozen nodes left out. */
  get pendingEvents(): number {
    return this.#queue.size;
  }

  /** How much virtual time has passed since the clock was made, in milliseconds. */
  get elapsedMs(): number {
    return this.#queue.now - this.#startMs;
  }

  /** Virtual monotonic time in milliseconds. */
  now(): number {
    return this.#queue.now;
  }

  /** Virtual wall time: whole milliseconds since 1970. */
  wallNow(): number {
    return Math.floor(this.#epochMs + this.#queue.now - this.#startMs);
  }

  /**
   * Calls back once, `delayMs` of virtual time from now.
   *
   * @throws {InternodeError} `InvalidArgument` for a delay that is not a finite number.
   */
  setTimer(delayMs: number, callback: () => void): Timer {
    requireDelay(delayMs);
    return this.#queue.schedule(delayMs, callback, null, false);
  }

  /** Forgets a timer. */
  clearTimer(timer: Timer): void {
    this.#queue.cancel(timer);
  }

  /** Calls back at the same time, after everything that is already due. */
  defer(callback: () => void): void {
    this.#queue.schedule(0, callback, null, false);
  }

  /** The same as {@linkcode VirtualClock.defer}. */
  soon(callback: () => void): void {
    this.defer(callback);
  }

  /** A node's own view: skewed, running fast or slow, frozen or stopped as the test wishes. */
  view(options: NodeClockOptions = {}): NodeClock {
    return makeNodeClock(
      this.#queue,
      () => this.#epochMs + this.#queue.now - this.#startMs,
      options,
    );
  }

  /**
   * Lets `durationMs` pass, with all that happens up to and at its end.
   *
   * @throws What an event's callback throws.
   */
  advance(durationMs: number): Promise<void> {
    requireDelay(durationMs);
    return new Promise((resolve, reject) => {
      this.#wait({
        condition: null,
        untilMs: this.now() + roundUp(Math.max(0, durationMs)),
        onDone: resolve,
        onLimit: resolve,
        onFailure: reject,
      });
    });
  }

  /**
   * Lets time pass in the midst of what is running, as work does that keeps
   * its thread busy: what becomes due meanwhile happens after it, late.
   *
   * @param durationMs How long the work takes; it is rounded up to a whole tick of 1/1024 ms.
   * @throws {InternodeError} `InvalidArgument` for a duration that is not a finite number.
   */
  block(durationMs: number): void {
    requireDelay(durationMs);
    this.#queue.moveTo(this.now() + roundUp(Math.max(0, durationMs)));
  }

  /** Lets everything happen that is due now, without time moving. */
  settle(): Promise<void> {
    return this.advance(0);
  }

  /**
   * Lets time pass until a condition holds. It is asked after each event, when
   * all promise reactions have run.
   *
   * @param condition What to wait for; must be quick.
   * @param limitMs How much virtual time it may take.
   * @param what What is waited for, for the error.
   * @throws {InternodeError} `DeadlineExceeded` when the limit is reached.
   */
  runUntil(condition: () => boolean, limitMs: number, what = "the condition"): Promise<void> {
    requireDelay(limitMs);
    return new Promise((resolve, reject) => {
      this.#wait({
        condition,
        untilMs: this.now() + roundUp(Math.max(0, limitMs)),
        onDone: resolve,
        onLimit: () => reject(this.#limitError(what, limitMs)),
        onFailure: reject,
      });
    });
  }

  /**
   * Lets time pass until a promise settles, and returns what it resolves to.
   *
   * @param work What to wait for.
   * @param limitMs How much virtual time it may take. Default: one hour.
   * @param what What is waited for, for the error.
   * @throws What the promise rejects with.
   * @throws {InternodeError} `DeadlineExceeded` when the limit is reached.
   */
  async complete<T>(work: Promise<T>, limitMs = 3_600_000, what = "the promise"): Promise<T> {
    let settled = false;
    const mark = () => void (settled = true);
    work.then(mark, mark);
    await this.runUntil(() => settled, limitMs, what);
    return await work;
  }

  /**
   * Lets virtual time stand still while something takes real time. Two of them
   * at once end in a random order, so hold one after the other
   * where a history must repeat itself.
   */
  async hold<T>(work: Promise<T>): Promise<T> {
    const held = work.then(() => {}, () => {});
    this.#held.add(held);
    try {
      return await work;
    } finally {
      this.#held.delete(held);
    }
  }

  #limitError(what: string, limitMs: number): InternodeError {
    const idle = this.#queue.size === 0
      ? " Nothing is left that could happen: something waits for an event that never comes."
      : ` ${this.#queue.size} events are still to happen.`;
    return new InternodeError(
      "DeadlineExceeded",
      `After ${limitMs} ms of virtual time ${what} had not come about.${idle}`,
      { origin: "caller", outcome: "maybeExecuted" },
    );
  }

  #wait(waiter: Waiter): void {
    this.#waiters.push(waiter);
    if (this.#pumping) return;
    this.#pumping = true;
    this.#instant = this.#queue.now;
    this.#eventsAtInstant = 0;
    this.#pump();
  }

  /** Runs one event after the other for as long as somebody waits. */
  #pump(): void {
    eachTurn(() => {
      if (this.#held.size > 0) {
        void Promise.all(this.#held).then(() => this.#pump());
        return false;
      }
      if (this.#waiters.length === 0) {
        this.#pumping = false;
        return false;
      }
      try {
        if (!this.#endSatisfied() && !this.#endExpired()) this.#runNext();
        return true;
      } catch (error) {
        const waiters = this.#waiters;
        this.#waiters = [];
        this.#pumping = false;
        for (const waiter of waiters) waiter.onFailure(error);
        return false;
      }
    });
  }

  #runNext(): void {
    const queue = this.#queue;
    queue.runNext();
    if (queue.now !== this.#instant) {
      this.#instant = queue.now;
      this.#eventsAtInstant = 0;
    } else if (++this.#eventsAtInstant > this.#maxEventsPerInstant) {
      throw new InternodeError(
        "DeadlineExceeded",
        `Over ${this.#maxEventsPerInstant} events happened at ${this.#instant} ms without time moving: ` +
          "something defers itself again and again.",
        { origin: "caller" },
      );
    }
  }

  /** Ends those whose condition holds; says whether there were any. */
  #endSatisfied(): boolean {
    return this.#end((waiter) => waiter.condition?.() === true, (waiter) => waiter.onDone());
  }

  /** Ends those whose time is up before the next event, the earliest first; says whether there were any. */
  #endExpired(): boolean {
    let firstMs = Infinity;
    for (const waiter of this.#waiters) if (waiter.untilMs < firstMs) firstMs = waiter.untilMs;
    if (this.#queue.isDue(firstMs)) return false;
    this.#queue.moveTo(firstMs);
    return this.#end((waiter) => waiter.untilMs === firstMs, (waiter) => waiter.onLimit());
  }

  #end(isOver: (waiter: Waiter) => boolean, finish: (waiter: Waiter) => void): boolean {
    const over = this.#waiters.filter(isOver);
    if (over.length === 0) return false;
    this.#waiters = this.#waiters.filter((waiter) => !over.includes(waiter));
    for (const waiter of over) finish(waiter);
    return true;
  }
}
