/**
 * How many calls of a handler run at a time.
 *
 * @module
 */

import { Fifo } from "../wire/fifo.ts";

/** Lets so many in at a time, lets so many more wait, and turns the rest away. */
export class ConcurrencyGate {
  readonly #concurrency: number;
  readonly #queue: number;
  readonly #waiting = new Fifo<() => boolean>();
  #running = 0;

  /** */
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
   * @param start Called with the place taken; says whether it is still wanted.
   * @returns Whether there was room to wait.
   */
  wait(start: () => boolean): boolean {
    if (this.#waiting.length >= this.#queue) return false;
    this.#waiting.push(start);
    return true;
  }

  /** Gives a place back; the next in line gets it. */
  leave(): void {
    for (let start = this.#waiting.shift(); start !== undefined; start = this.#waiting.shift()) {
      if (start()) return;
    }
    this.#running--;
  }
}
