/**
 * How late the event loop is.
 *
 * @module
 */

import type { Clock, Timer } from "../../runtime/clock.ts";
import { DOUBLE_ZERO } from "../../wire/double_zero.ts";

/** How often it is looked at, in milliseconds. */
const INTERVAL_MS = 50;
/** How many looks count: those of the last ten seconds. */
const LOOKS = 200;
/** For how long after the last question it goes on, in milliseconds: longer than the usual interval of scrapes. */
const KEPT_MS = 90_000;

/** How late timers of the event loop were lately, because something else ran. */
export interface LoopDelay {
  /** Over how many looks, one in 50 ms; 0 just after the first question. */
  readonly looks: number;
  /** The mean, in milliseconds; 0 without looks. */
  readonly meanMs: number;
  /** What 99 of 100 looks did not exceed, in milliseconds; 0 without looks. */
  readonly p99Ms: number;
  /** The longest of the last ten seconds, in milliseconds; 0 without looks. */
  readonly maxMs: number;
  /** The last one, in milliseconds; 0 without looks. */
  readonly lastMs: number;
}

/** Measures while somebody asks: nothing runs before the first question, nor for long after the last. */
export class LoopDelayMonitor {
  readonly #clock: Clock;
  readonly #delays: number[] = [];
  #next = 0;
  #lastMs: number = DOUBLE_ZERO;
  #timer: Timer | null = null;
  #askedMs: number = DOUBLE_ZERO;
  #isClosed = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether it measures at the moment. */
  get isRunning(): boolean {
    return this.#timer !== null;
  }

  /** How late the loop was lately; begins to measure. */
  read(): LoopDelay {
    this.#askedMs = this.#clock.now();
    if (this.#timer === null && !this.#isClosed) this.#look(this.#askedMs);
    const sorted = [...this.#delays].sort((a, b) => a - b), looks = sorted.length;
    if (looks === 0) return { looks, meanMs: 0, p99Ms: 0, maxMs: 0, lastMs: 0 };
    return {
      looks,
      meanMs: sorted.reduce((sum, delayMs) => sum + delayMs, 0) / looks,
      p99Ms: sorted[Math.ceil(looks * 0.99) - 1]!,
      maxMs: sorted[looks - 1]!,
      lastMs: this.#lastMs,
    };
  }

  /** Ends it for good. */
  close(): void {
    this.#isClosed = true;
    this.#stop();
  }

  #look(nowMs: number): void {
    const dueMs = nowMs + INTERVAL_MS;
    this.#timer = this.#clock.setTimer(INTERVAL_MS, () => {
      const atMs = this.#clock.now();
      if (atMs - this.#askedMs > KEPT_MS) return this.#stop();
      this.#note(Math.max(0, atMs - dueMs));
      this.#look(atMs);
    });
  }

  #note(delayMs: number): void {
    this.#lastMs = delayMs;
    this.#delays[this.#next] = delayMs;
    this.#next = (this.#next + 1) % LOOKS;
  }

  #stop(): void {
    if (this.#timer !== null) this.#clock.clearTimer(this.#timer);
    this.#timer = null;
    this.#delays.length = this.#next = this.#lastMs = 0;
  }
}
