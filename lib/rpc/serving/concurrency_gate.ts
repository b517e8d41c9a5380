/**
 * How many calls of a handler run at a time.
 *
 * @module
 */

import { Fifo } from "../../wire/fifo.ts";

/** Somebody who waits for a place. */
export interface WaitingStart {
  /** Whether a place is still wanted. */
  readonly wanted: () => boolean;
  /** Called with the place taken. */
  readonly start: () => void;
}

/** Lets so many in at a time, lets so many more wait, and turns the rest away. */
export class ConcurrencyGate {
  readonly #concurrency: number;
  readonly #queue: number;
  readonly #waiting = new Fifo<WaitingStart>();
  #running = 0;
  #isStarting = false;

  constructor(concurrency: number, queue: number) {
    this.#concurrency = concurrency;
    this.#queue = queue;
  }

  /** Takes a place at once, if there is one. */
  tryEnter(): boolean {
    if (this.#running >= this.#concurrency) return false;
    this.#running++;
    return true;
  }

  /**
   * Waits for a place.
   *
   * @returns Whether there was room to wait.
   */
  wait(waiting: WaitingStart): boolean {
    if (this.#waiting.length >= this.#queue) this.#forgetUnwanted();
    if (this.#waiting.length >= this.#queue) return false;
    this.#waiting.push(waiting);
    return true;
  }

  /** Gives a place back; the next in line gets it. */
  leave(): void {
    this.#running--;
    // Who is done at once leaves within its start: it may have thousands behind it.
    if (this.#isStarting) return;
    this.#isStarting = true;
    try {
      while (this.#running < this.#concurrency) {
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
