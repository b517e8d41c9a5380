/**
 * How many calls of a handler run at a time.
 *
 * @module
 */

import { Fifo } from "../../wire/fifo.ts";

/** A call that waits for a slot. */
export interface WaitingStart {
  /** Whether it still wants a slot. */
  readonly wanted: () => boolean;
  /** Called when it has its slot. */
  readonly start: () => void;
}

/** Limits how many calls run at a time and how many wait; further ones are refused. */
export class ConcurrencyGate {
  /** How many calls may run at a time. */
  readonly concurrency: number;
  readonly #queue: number;
  readonly #waiting = new Fifo<WaitingStart>();
  #running = 0;
  #isStarting = false;

  constructor(concurrency: number, queue: number) {
    this.concurrency = concurrency;
    this.#queue = queue;
  }

  /** How many calls run. */
  get running(): number {
    return this.#running;
  }

  /** How many calls wait. */
  get waiting(): number {
    let count = 0;
    for (const { wanted } of this.#waiting) if (wanted()) count++;
    return count;
  }

  /** Takes a slot at once, if there is one. */
  tryEnter(): boolean {
    if (this.#running >= this.concurrency) return false;
    this.#running++;
    return true;
  }

  /**
   * Waits for a slot.
   *
   * @returns Whether there was room to wait.
   */
  wait(waiting: WaitingStart): boolean {
    if (this.#waiting.length >= this.#queue) this.#forgetUnwanted();
    if (this.#waiting.length >= this.#queue) return false;
    this.#waiting.push(waiting);
    return true;
  }

  /** Frees a slot; the next waiting call gets it. */
  leave(): void {
    this.#running--;
    // A call that is done at once frees its slot within its start: avoid recursion over thousands of them.
    if (this.#isStarting) return;
    this.#isStarting = true;
    try {
      while (this.#running < this.concurrency) {
        const next = this.#waiting.shift();
        if (next === undefined) return;
        if (!next.wanted()) continue;
        this.#running++;
        next.start();
      }
    } finally {
      this.#isStarting = false;
    }
  }

  /** Calls that were cancelled meanwhile must not keep others from waiting. */
  #forgetUnwanted(): void {
    for (let left = this.#waiting.length; left > 0; left--) {
      const next = this.#waiting.shift()!;
      if (next.wanted()) this.#waiting.push(next);
    }
  }
}
