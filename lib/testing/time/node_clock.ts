/**
 * One node's own view of virtual time.
 *
 * @module
 */

import { invalidArgument } from "../../errors.ts";
import type { Clock, Timer } from "../../runtime/clock.ts";
import { type EventQueue, roundUp, TICK_MS } from "./event_queue.ts";
import type { Freezable, SimulatedEvent } from "./simulated_event.ts";
import { finite, optionsOf, positive } from "../../foreign/option_checks.ts";
import { shown } from "../../foreign/text_of.ts";

/** How a node's clock differs from true time. */
export interface NodeClockOptions {
  /** How far its wall clock is ahead, in milliseconds; negative when behind. Default: 0. */
  wallOffsetMs?: number;
  /** What its monotonic clock shows when the node starts, in milliseconds. Default: as the virtual clock. */
  startMs?: number;
  /** How fast it runs: 1.01 gains 10 ms in a second. Default: 1. */
  rate?: number;
}

/**
 * The clock of one simulated node: skewed if so wished, and with an event loop
 * that can be frozen, as by SIGSTOP or a long garbage collection, or stopped
 * for good, as by SIGKILL. Made by `VirtualClock.view`.
 *
 * @example A node that was frozen sees all its overdue timers on waking
 * ```ts
 * import { VirtualClock } from "@internode/grid/testing";
 * import { assertEquals } from "@std/assert";
 *
 * const clock = new VirtualClock();
 * const node = clock.view({ wallOffsetMs: 90_000 });
 * const fired: string[] = [];
 * node.setTimer(100, () => fired.push("a"));
 * node.setTimer(200, () => fired.push("b"));
 *
 * node.freeze();
 * await clock.advance(10_000);
 * assertEquals(fired, []);
 *
 * node.thaw();
 * await clock.settle();
 * assertEquals(fired, ["a", "b"]);
 * assertEquals(node.wallNow(), clock.wallNow() + 90_000);
 * ```
 */
export interface NodeClock extends Clock {
  /** Whether the node's event loop stands still. */
  readonly frozen: boolean;
  /** Whether the node is dead. */
  readonly stopped: boolean;
  /** How many timers are pending. */
  readonly pendingTimers: number;
  /** Lets the node's event loop stand still: time goes on, but its timers and all that arrives wait. */
  freeze(): void;
  /** Lets it go on: overdue timers come first, then what arrived meanwhile, each in its order. */
  thaw(): void;
  /** Ends the node: nothing of it ever runs again. For good; a restarted node gets a new clock. */
  stop(): void;
  /** Something reaches the node from outside, `delayMs` of true time from now, in a turn of its own. */
  deliver(delayMs: number, callback: () => void): Timer;
}

/** Makes a {@linkcode NodeClock} over a queue; `wallNow` tells true wall time. */
export function makeNodeClock(
  queue: EventQueue,
  wallNow: () => number,
  options: NodeClockOptions,
): NodeClock {
  return new QueueNodeClock(queue, wallNow, options);
}

class QueueNodeClock implements NodeClock, Freezable {
  frozen = false;
  stopped = false;
  readonly parked: SimulatedEvent[] = [];
  readonly #queue: EventQueue;
  readonly #trueWallNow: () => number;
  readonly #originMs: number;
  readonly #startMs: number;
  readonly #wallOffsetMs: number;
  readonly #rate: number;

  constructor(queue: EventQueue, wallNow: () => number, options: NodeClockOptions) {
    this.#queue = queue;
    this.#trueWallNow = wallNow;
    this.#originMs = queue.now;
    const { startMs, wallOffsetMs, rate } = optionsOf("a node's clock", options);
    this.#startMs = roundUp(finite("startMs", startMs, queue.now));
    this.#wallOffsetMs = finite("wallOffsetMs", wallOffsetMs, 0);
    this.#rate = positive("rate", finite("rate", rate, 1), 1);
  }

  get pendingTimers(): number {
    return this.#queue.timersOf(this);
  }

  now(): number {
    return this.#startMs + (this.#queue.now - this.#originMs) * this.#rate;
  }

  wallNow(): number {
    const gainedMs = (this.#queue.now - this.#originMs) * (this.#rate - 1);
    return Math.floor(this.#trueWallNow() + gainedMs + this.#wallOffsetMs);
  }

  setTimer(delayMs: number, callback: () => void): Timer {
    requireDelay(delayMs);
    // At another rate the sums round; a tick more, so that the timer is never early.
    const trueDelayMs = this.#rate === 1 ? delayMs : delayMs / this.#rate + TICK_MS;
    return this.#schedule(trueDelayMs, callback, false);
  }

  clearTimer(timer: Timer): void {
    this.#queue.cancel(timer);
  }

  defer(callback: () => void): void {
    this.#schedule(0, callback, false);
  }

  soon(callback: () => void): void {
    this.#schedule(0, callback, false);
  }

  deliver(delayMs: number, callback: () => void): Timer {
    return this.#schedule(delayMs, callback, true);
  }

  freeze(): void {
    this.frozen = true;
  }

  thaw(): void {
    if (!this.frozen) return;
    this.frozen = false;
    this.#queue.unpark(this);
  }

  stop(): void {
    this.stopped = true;
    this.#queue.cancelAll(this);
  }

  #schedule(delayMs: number, callback: () => void, io: boolean): Timer {
    return this.stopped ? 0 : this.#queue.schedule(delayMs, callback, this, io);
  }
}

/** Refuses delays that a real clock would misread without a word. */
export function requireDelay(delayMs: number): void {
  if (Number.isFinite(delayMs)) return;
  throw invalidArgument(
    `A timer's delay must be a finite number of milliseconds, not ${shown(delayMs)}.`,
  );
}
