/**
 * Waits until calls have ended.
 *
 * @module
 */

import type { Clock, Timer } from "../../runtime/clock.ts";
import type { Link } from "../../driver/link.ts";

/**
 * Checks whether everything is done whenever something may have changed: after
 * each turn of the given links, and when it is notified.
 */
export class QuietWait {
  /** Whether everything was done in time; resolves once. */
  readonly ended: Promise<boolean>;

  readonly #clock: Clock;
  readonly #lookNow: () => number;
  readonly #resolve: (inTime: boolean) => void;
  readonly #deadline: Timer | null;
  readonly #unwatch: readonly (() => void)[];
  #again: Timer | null = null;
  #isDue = false;
  #isOver = false;

  /**
   * Begins to wait.
   *
   * @param clock The source of time.
   * @param limitMs How long at most.
   * @param links The links after whose turns it checks.
   * @param look Returns after how many milliseconds to check again without a change; 0 if everything is done, `Infinity` to wait for a change.
   */
  constructor(clock: Clock, limitMs: number, links: Iterable<Link>, look: () => number) {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    this.ended = promise;
    this.#resolve = resolve;
    this.#clock = clock;
    this.#lookNow = look;
    this.#deadline = limitMs < Infinity ? clock.setTimer(limitMs, () => this.#end(false)) : null;
    this.#unwatch = [...links].map((link) => link.watch(this.look));
    this.#look();
  }

  /** Checks, because something may have changed. */
  readonly look = (): void => {
    // Checks once for all links that have changed in the same turn of the event loop.
    if (this.#isDue || this.#isOver) return;
    this.#isDue = true;
    this.#clock.soon(() => {
      this.#isDue = false;
      this.#look();
    });
  };

  #look(): void {
    if (this.#isOver) return;
    this.#clearAgain();
    const waitMs = this.#lookNow();
    if (waitMs <= 0) this.#end(true);
    else if (waitMs < Infinity) {
      this.#again = this.#clock.setTimer(waitMs, () => {
        this.#again = null;
        this.#look();
      });
    }
  }

  #end(inTime: boolean): void {
    this.#isOver = true;
    this.#clearAgain();
    if (this.#deadline !== null) this.#clock.clearTimer(this.#deadline);
    for (const unwatch of this.#unwatch) unwatch();
    this.#resolve(inTime);
  }

  #clearAgain(): void {
    if (this.#again !== null) this.#clock.clearTimer(this.#again);
    this.#again = null;
  }
}
