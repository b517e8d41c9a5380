/**
 * A signal with a time limit.
 *
 * @module
 */

import type { Clock, Timer } from "../../runtime/clock.ts";

/** Aborts with another signal, and when a time is over. Dispose of it when the work has ended. */
export class TimeLimit implements Disposable {
  readonly #clock: Clock;
  readonly #outer: AbortSignal;
  readonly #controller = new AbortController();
  readonly #onAbort: () => void;
  #timer: Timer | null;
  #expired = false;

  /**
   * Starts to count.
   *
   * @param clock Where time comes from.
   * @param timeoutMs How long, in milliseconds.
   * @param outer The signal to follow.
   */
  constructor(clock: Clock, timeoutMs: number, outer: AbortSignal) {
    this.#clock = clock;
    this.#outer = outer;
    this.#onAbort = () => this.abort(outer.reason);
    this.#timer = this.#start(timeoutMs);
    if (outer.aborted) this.#onAbort();
    else outer.addEventListener("abort", this.#onAbort, { once: true });
  }

  /** Aborts in time. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Whether it was the time that made it abort. */
  get expired(): boolean {
    return this.#expired;
  }

  /** Lifts the time limit; the other signal still counts. */
  unlimit(): void {
    if (this.#timer === null) return;
    this.#clock.clearTimer(this.#timer);
    this.#timer = null;
  }

  /** Counts anew from now on. */
  renew(timeoutMs: number): void {
    if (this.signal.aborted) return;
    this.unlimit();
    this.#timer = this.#start(timeoutMs);
  }

  /** Aborts now, for a reason of its own. */
  abort(reason: unknown): void {
    this[Symbol.dispose]();
    this.#controller.abort(reason);
  }

  /** Lets go of the timer and of the other signal. */
  [Symbol.dispose](): void {
    this.unlimit();
    this.#outer.removeEventListener("abort", this.#onAbort);
  }

  #start(timeoutMs: number): Timer {
    return this.#clock.setTimer(timeoutMs, () => {
      this.#expired = true;
      this.abort(new DOMException(`${timeoutMs} ms have passed`, "TimeoutError"));
    });
  }
}
