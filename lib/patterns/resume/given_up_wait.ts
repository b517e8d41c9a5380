/**
 * Waiting for what a user opens and iterates.
 *
 * @module
 */

import { tell } from "../../foreign/guard.ts";

/** One wait at a time, until all are given up. */
export class GivenUpWait {
  #stopped = false;
  #stop: (() => void) | null = null;

  /** Waits; `null` as soon as nobody waits any more. */
  for<T>(work: PromiseLike<T> | T): Promise<T | null> {
    return new Promise((resolve, reject) => {
      if (this.#stopped) resolve(null);
      this.#stop = () => resolve(null);
      Promise.resolve(work).then(resolve, reject);
    });
  }

  /** Nobody waits any more, nor later. */
  stop(): void {
    this.#stopped = true;
    this.#stop?.();
    this.#stop = null;
  }
}

/** Ends what nobody iterates any more. Never throws. */
export function leaveIterator(iterator: AsyncIterator<unknown>): void {
  tell(() => iterator.return?.(), () => {});
}
